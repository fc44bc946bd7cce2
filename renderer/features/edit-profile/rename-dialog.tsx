import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { go } from '../../state/route.ts';
import { nameProblem, takenNames } from './form-fields.ts';
import { useSaving } from './save-profile.ts';

export interface RenameDialogProps {
  readonly name: string;
  readonly isUp: boolean;
  readonly onClose: () => void;
}

/** Another name for a profile, which is another profile to all that goes by names. */
export function RenameDialog({ name, isUp, onClose }: RenameDialogProps) {
  const { drafts } = useAppState();
  const saving = useSaving();
  const [to, setTo] = useState(name);
  const isOther = to !== name;
  const problem = useView(({ profiles }) => (isOther ? nameProblem(to, takenNames(profiles)) : undefined));
  const rename = async () => {
    if (!isOther || problem || !(await saving.edit({ kind: 'rename', name, to }))) return;
    drafts.drop(`user/${name}`);
    go({ view: 'tunnels', chosen: `user/${to}` });
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={`Rename ${name}`}
      description={
        <p className="text-muted">
          {`In your file and its groups. A password or a free port that was kept for it is not taken along.${isUp ? ' Its tunnel is up, and goes down first.' : ''}`}
        </p>
      }
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void rename();
        }}
      >
        <TextField label="New name" value={to} onValueChange={setTo} problem={problem} />
        {saving.error && <ErrorNote error={saving.error} />}
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={saving.isBusy || !isOther || problem !== undefined}>
            Rename
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
