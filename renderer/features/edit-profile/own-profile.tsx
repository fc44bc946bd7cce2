import { Copy, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useDraft, useTunnel } from '../../state/app-state.ts';
import { isWritten, newDraft } from '../../state/drafts.ts';
import { go } from '../../state/route.ts';
import { useTunnelKeys } from '../tunnels/tunnel-keys.ts';
import { useChecked } from './checked-draft.ts';
import { startCopy } from './copy-profile.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { useFirstProblem } from './first-problem.ts';
import { type EditorFace, ProfileEditor } from './profile-editor.tsx';
import { useSaveKey } from './save-keys.ts';
import { useSaving } from './save-profile.ts';
import { TaskFrame } from './task-frame.tsx';

export interface OwnProfileProps {
  readonly listed: ListedProfile;
  /** As the file has it now. */
  readonly yaml: string;
}

/** A profile of the user's own file. */
export function OwnProfile({ listed, yaml }: OwnProfileProps) {
  const { id, name, hash, file } = listed;
  const state = useAppState();
  const { drafts, actions } = state;
  const kept = useDraft(id);
  const now = newDraft({ name, text: yaml }, hash);
  const draft = kept && (isWritten(kept) || kept.hash === hash) ? kept : now;
  const checked = useChecked(draft);
  const saving = useSaving();
  const tunnel = useTunnel(id);
  const [face, setFace] = useState<EditorFace>('form');
  const [isDeleting, setDeleting] = useState(false);
  const isChanged = isWritten(draft);
  const { ref: content, look } = useFirstProblem();
  const isUp = tunnel?.wanted === 'on';
  const leave = () => go({ view: 'tunnels', chosen: id });
  const save = async (then?: () => void) => {
    if (isChanged && !(await saving.saveProfile(draft, 'change'))) return look();
    drafts.drop(id);
    then?.();
  };
  useTunnelKeys({ Escape: leave });
  useSaveKey(() => void save());
  return (
    <TaskFrame
      title={name}
      about={
        <>
          <span className="mono min-w-0 truncate text-muted" title={file}>
            {file}
          </span>
          <span role="status" className="ml-auto shrink-0 text-sm text-muted">
            {isChanged ? 'Not saved yet' : ''}
          </span>
        </>
      }
      actions={
        <>
          <Button look="quiet" icon={Trash2} onClick={() => setDeleting(true)}>
            Delete…
          </Button>
          <Button look="quiet" icon={Copy} onClick={() => startCopy(state, { listed, text: draft.text })}>
            Duplicate
          </Button>
          <span className="flex-1" />
          {isChanged && (
            <Button look="quiet" onClick={() => drafts.set(id, now)}>
              Discard changes
            </Button>
          )}
          <Button onClick={leave}>{isChanged ? 'Later' : 'Close'}</Button>
          <Button disabled={saving.isBusy || !isChanged} onClick={() => void save(leave)}>
            Save
          </Button>
          <Button
            look="primary"
            disabled={saving.isBusy}
            onClick={() =>
              void save(() => {
                leave();
                void actions.run(isUp ? 'restart' : 'up', id);
              })
            }
          >
            {isUp ? 'Save and restart' : 'Save and connect'}
          </Button>
        </>
      }
    >
      {isChanged && draft.hash !== hash && (
        <div role="status" className="rounded border border-l-[3px] border-l-waiting px-3 py-2">
          <p className="font-medium">The file has been changed since you began here</p>
          <p className="text-muted">
            Saving puts yours in the place of what it says now. To see that, discard your changes.
          </p>
        </div>
      )}
      {saving.error && <ErrorNote error={saving.error} />}
      <div ref={content}>
        <ProfileEditor
          draft={draft}
          checked={checked}
          isTried
          face={face}
          onFace={setFace}
          onChange={(changed) => drafts.set(id, changed)}
        />
      </div>
      <DeleteDialog name={name} isUp={isUp} open={isDeleting} onOpenChange={setDeleting} />
    </TaskFrame>
  );
}
