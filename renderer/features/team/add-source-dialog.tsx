import { useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { Control } from '../../../src/client/control.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Segmented } from '../../components/segmented.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useAppState } from '../../state/app-state.ts';
import { sourceProblems, sourceSettings, suggestedName, type WrittenSource } from './source-words.ts';

const fetchLimitMs = 180_000;
const empty: WrittenSource = { kind: 'git', location: '', branch: '', path: '', every: '' };

/** One that cannot be fetched goes again: a mistyped address is to be corrected here, not to be in the way of the right one. */
async function fetched(api: Control, name: string): Promise<void> {
  try {
    await api.call('reload', { pull: true, sources: [name] }, { timeoutMs: fetchLimitMs });
  } catch (error) {
    await api.call('editProfile', { edit: { kind: 'remove-source', name } });
    throw error;
  }
}

/** Adds a folder or a repository; a repository is fetched at once, and what it has is agreed to afterwards. */
export function AddSourceDialog({ onClose }: { readonly onClose: () => void }) {
  const { api } = useAppState();
  const [written, setWritten] = useState(empty);
  const [ownName, setOwnName] = useState<string>();
  const [step, setStep] = useState<'add' | 'fetch'>();
  const [error, setError] = useState<ErrorData>();
  const [problems, setProblems] = useState<ReturnType<typeof sourceProblems>>({});
  const name = ownName ?? suggestedName(written.location);
  const isGit = written.kind === 'git';
  const field = (key: keyof WrittenSource) => ({
    value: written[key],
    problem: problems[key],
    onValueChange: (value: string) => {
      setWritten({ ...written, [key]: value });
      setProblems({ ...problems, [key]: undefined });
    },
  });
  const add = async () => {
    setError(undefined);
    const found = sourceProblems(written);
    setProblems(found);
    if (Object.keys(found).length > 0) return;
    try {
      setStep('add');
      const settings = sourceSettings(written);
      await api.call('editProfile', { edit: { kind: 'add-source', name, settings } });
      setStep('fetch');
      if (isGit) await fetched(api, name);
      onClose();
    } catch (thrown) {
      setError(AppError.from(thrown).toData());
      setStep(undefined);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Take profiles from your team"
      description={<p className="text-muted">Nothing of it starts before you agreed to it.</p>}
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <div className="flex">
          <Segmented
            label="Kind of source"
            value={written.kind}
            options={[
              ['git', 'Git repository'],
              ['folder', 'Folder'],
            ]}
            onChange={(kind) => setWritten({ ...written, kind })}
          />
        </div>
        <TextField
          label={isGit ? 'Address' : 'Folder'}
          required
          placeholder={isGit ? 'git@example.com:shop/tunnels.git' : '~/work/tunnels'}
          hint={isGit ? 'Read with your own git and its credentials.' : 'Its *.yaml files are read.'}
          {...field('location')}
        />
        <TextField label="Name" required value={name} onValueChange={setOwnName} placeholder="team" />
        {isGit && (
          <div className="grid grid-cols-3 gap-3 max-[719px]:grid-cols-1">
            <TextField label="Branch" placeholder="its default" {...field('branch')} />
            <TextField label="Folder in it" placeholder="its root" {...field('path')} />
            <TextField label="Look every" placeholder="on request" {...field('every')} />
          </div>
        )}
        {error && <ErrorNote error={error} />}
        {step === 'fetch' && (
          <p role="status" className="text-muted">
            Fetching it…
          </p>
        )}
        <DialogActions>
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={step !== undefined}>
            Add it
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
