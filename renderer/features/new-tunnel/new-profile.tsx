import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useDraft, useView } from '../../state/app-state.ts';
import type { Draft } from '../../state/drafts.ts';
import { go } from '../../state/route.ts';
import { useChecked } from '../edit-profile/checked-draft.ts';
import { useFirstProblem } from '../edit-profile/first-problem.ts';
import { nameProblem, takenNames } from '../edit-profile/form-fields.ts';
import { type EditorFace, ProfileEditor } from '../edit-profile/profile-editor.tsx';
import { useSaveKey } from '../edit-profile/save-keys.ts';
import { useSaving } from '../edit-profile/save-profile.ts';

export interface NewProfileProps {
  /** Of its draft. */
  readonly draftKey: string;
  /** Where no draft is kept yet. */
  readonly otherwise?: Draft;
  /** The draft is about to become another one: until then there is nothing to be saved. */
  readonly isWaiting?: boolean;
}

/** A profile that is not there yet: as a form or as YAML, to be saved, or saved and connected. */
export function NewProfile({ draftKey, otherwise, isWaiting = false }: NewProfileProps) {
  const kept = useDraft(draftKey);
  const draft = kept ?? otherwise;
  return draft && <Written key={draftKey} draftKey={draftKey} draft={draft} isWaiting={isWaiting} />;
}

interface WrittenProps extends Required<Pick<NewProfileProps, 'draftKey' | 'isWaiting'>> {
  readonly draft: Draft;
}

function Written({ draftKey, draft, isWaiting }: WrittenProps) {
  const { drafts, actions } = useAppState();
  const checked = useChecked(draft);
  const saving = useSaving();
  const [face, setFace] = useState<EditorFace>('form');
  const [isTried, setTried] = useState(false);
  const taken = useView(({ profiles }) => nameProblem(draft.name, takenNames(profiles)));
  // An empty field is nobody's fault before they are done.
  const problem = draft.name === '' && !isTried ? undefined : taken;
  const { ref: content, look } = useFirstProblem();
  const isBusy = saving.isBusy || isWaiting;
  const save = async (connects: boolean) => {
    if (isWaiting) return;
    setTried(true);
    if (taken || !(await saving.saveProfile(draft, 'add'))) return look();
    drafts.drop(draftKey);
    const id = `user/${draft.name}`;
    go({ view: 'tunnels', chosen: id });
    if (connects) void actions.run('up', id);
  };
  useSaveKey(() => void save(false));
  return (
    <>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div ref={content} className="mx-auto max-w-[720px] p-4">
          <ProfileEditor
            draft={draft}
            checked={checked}
            isTried={isTried}
            face={face}
            onFace={setFace}
            onChange={(changed) => drafts.set(draftKey, changed)}
            naming={{ problem }}
          />
        </div>
      </div>
      <footer className="flex shrink-0 flex-col gap-2 border-t border-line px-4 py-2.5">
        {saving.error && <ErrorNote error={saving.error} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button disabled={isBusy} onClick={() => void save(false)}>
            Save
          </Button>
          <Button look="primary" disabled={isBusy} onClick={() => void save(true)}>
            Save and connect
          </Button>
        </div>
      </footer>
    </>
  );
}
