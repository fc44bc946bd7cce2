import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState } from '../../state/app-state.ts';
import { go } from '../../state/route.ts';
import { useSaving } from './save-profile.ts';

export interface DeleteDialogProps {
  readonly name: string;
  readonly isUp: boolean;
  readonly onClose: () => void;
}

/** Before a profile goes for good. */
export function DeleteDialog({ name, isUp, onClose }: DeleteDialogProps) {
  const { drafts } = useAppState();
  const saving = useSaving();
  const remove = async () => {
    if (!(await saving.edit({ kind: 'remove', name }))) return;
    drafts.drop(`user/${name}`);
    go({ view: 'tunnels' });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Delete ${name}?`}
      description={
        <p className="text-muted">
          {`It is taken out of your file and of its groups.${isUp ? ' Its tunnel is up, and goes down first.' : ''}`}
        </p>
      }
    >
      {saving.error && <ErrorNote error={saving.error} />}
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button look="urgent" disabled={saving.isBusy} onClick={() => void remove()}>
          Delete
        </Button>
      </DialogActions>
    </Dialog>
  );
}
