import { Copy, Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useDraft, useTunnel } from '../../state/app-state.ts';
import { isWritten, newDraft } from '../../state/drafts.ts';
import { usePageKeys } from '../../state/page-keys.ts';
import { go } from '../../state/route.ts';
import { useChecked } from './checked-draft.ts';
import { startCopy } from './copy-profile.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { useFirstProblem } from './first-problem.ts';
import { type EditorFace, ProfileEditor } from './profile-editor.tsx';
import { RenameDialog } from './rename-dialog.tsx';
import { useSaveKey } from './save-keys.ts';
import { useSaving } from './save-profile.ts';
import { TaskFrame, UnsavedMark } from './task-frame.tsx';

export interface OwnProfileProps {
  readonly profile: Pick<ListedProfile, 'id' | 'name' | 'hash' | 'file'>;
  readonly isRefused: boolean;
  /** As the file had it when its hash was this one: a change of it takes a moment to be read. */
  readonly read: { readonly yaml: string; readonly hash: string };
}

/** A profile of the user's own file. */
export function OwnProfile({ profile, isRefused, read }: OwnProfileProps) {
  const { id, name, hash, file } = profile;
  const state = useAppState();
  const { drafts, actions } = state;
  const kept = useDraft(id);
  const isReading = read.hash !== hash;
  const isKept = kept && (isWritten(kept) || isReading || kept.hash === hash);
  const draft = isKept ? kept : newDraft({ name, text: read.yaml }, read.hash);
  const checked = useChecked(draft);
  const saving = useSaving();
  const tunnel = useTunnel(id);
  const [face, setFace] = useState<EditorFace>('form');
  const [asked, ask] = useState<'rename' | 'delete'>();
  const isChanged = isWritten(draft);
  const { ref: content, look } = useFirstProblem();
  const isUp = tunnel?.wanted === 'on';
  const leave = () => go({ view: 'tunnels', chosen: id });
  const save = async (then?: () => void) => {
    if (isChanged && !(await saving.saveProfile(draft, 'change'))) return look();
    drafts.set(id, newDraft({ name, text: draft.text }, hash));
    then?.();
  };
  usePageKeys({ Escape: leave });
  useSaveKey(() => void save());
  return (
    <TaskFrame
      title={name}
      about={
        <>
          <span className="mono min-w-0 truncate text-muted" title={file}>
            {file}
          </span>
          <UnsavedMark isChanged={isChanged} onDiscard={() => drafts.drop(id)} />
        </>
      }
      actions={
        <>
          <Button look="quiet" icon={Trash2} onClick={() => ask('delete')}>
            Delete…
          </Button>
          {/* What is not saved, or not right, belongs to the name that it has. */}
          <Button look="quiet" icon={Pencil} disabled={isChanged || isRefused} onClick={() => ask('rename')}>
            Rename…
          </Button>
          <Button look="quiet" icon={Copy} onClick={() => startCopy(state, { name, text: draft.text })}>
            Duplicate
          </Button>
          <span className="flex-1" />
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
      {isRefused && (
        <Notice title="It does not start: it has errors">
          What is wrong is marked below. It starts when that is mended and saved.
        </Notice>
      )}
      {isChanged && draft.hash !== hash && (
        <Notice title="The file has been changed since you began here">
          Saving puts yours in the place of what it says now. To see that, discard your changes.
        </Notice>
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
      {asked === 'delete' && <DeleteDialog name={name} isUp={isUp} onClose={() => ask(undefined)} />}
      {asked === 'rename' && <RenameDialog name={name} isUp={isUp} onClose={() => ask(undefined)} />}
    </TaskFrame>
  );
}

function Notice({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <div role="status" className="rounded border border-l-[3px] border-l-waiting px-3 py-2">
      <p className="font-medium">{title}</p>
      <p className="text-muted">{children}</p>
    </div>
  );
}
