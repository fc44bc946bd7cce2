import { type FormEvent, useId, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { type ExactFilter, exactOf, fieldName } from './audit-search.ts';
import { inputTime, parseInputTime, rangeProblem, recentRanges } from './time-range.ts';

export interface FilterDialogProps {
  readonly open: boolean;
  readonly exact: ExactFilter;
  readonly onApply: (exact: ExactFilter) => void;
  readonly onClose: () => void;
}

/** What the daemon looks for, field by field. */
export function FilterDialog({ open, exact, onApply, onClose }: FilterDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title="Filter events"
      description={<p className="text-muted">Each narrows it further. Names and ids are matched whole.</p>}
    >
      <FilterForm exact={exact} onApply={onApply} />
    </Dialog>
  );
}

const texts = ['podUid', 'user', 'databaseUser', 'auditId'] as const;

function FilterForm({ exact, onApply }: Pick<FilterDialogProps, 'exact' | 'onApply'>) {
  const { clock } = useAppState();
  const [given, setGiven] = useState(exact);
  const [from, setFrom] = useState(inputTime(exact.sinceMs));
  const [upTo, setUpTo] = useState(inputTime(exact.untilMs));
  const names = useView(
    ({ tunnels }) => [...tunnels.keys()],
    (a, b) => a.join('\n') === b.join('\n'),
  );
  const known = useId();
  const times = { sinceMs: parseInputTime(from), untilMs: parseInputTime(upTo) };
  const problem = rangeProblem(times);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    if (!problem) onApply(exactOf({ ...given, ...times }));
  };
  return (
    <form onSubmit={apply} className="flex flex-col gap-3">
      <TextField
        label={fieldName.tunnel}
        hint="NAME alone: of any source"
        list={known}
        value={given.tunnel ?? ''}
        onValueChange={(tunnel) => setGiven({ ...given, tunnel: tunnel.trim() })}
      />
      <datalist id={known}>
        {names?.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <div className="grid grid-cols-2 gap-3">
        <TextField
          label={fieldName.sinceMs}
          type="datetime-local"
          step={1}
          value={from}
          onValueChange={setFrom}
          problem={problem}
        />
        <TextField
          label={fieldName.untilMs}
          type="datetime-local"
          step={1}
          value={upTo}
          onValueChange={setUpTo}
        />
      </div>
      <div className="-mt-1 flex flex-wrap gap-1.5">
        {recentRanges.map(({ name, agoMs }) => (
          <Button
            key={name}
            look="quiet"
            onClick={() => {
              setFrom(inputTime(clock.wallMs() - agoMs));
              setUpTo('');
            }}
          >
            {name}
          </Button>
        ))}
      </div>
      <div className="grid grid-cols-2 items-start gap-3">
        {texts.map((field) => (
          <TextField
            key={field}
            label={fieldName[field]}
            hint={hints[field]}
            value={given[field] ?? ''}
            onValueChange={(text) => setGiven({ ...given, [field]: text.trim() })}
          />
        ))}
      </div>
      <DialogActions>
        <Button look="quiet" onClick={() => onApply({})}>
          Clear all
        </Button>
        <Button type="submit" look="primary" disabled={problem !== undefined}>
          Apply
        </Button>
      </DialogActions>
    </form>
  );
}

const hints: Partial<Record<(typeof texts)[number], string>> = {
  podUid: 'The whole of it',
  user: 'As the cluster knows the user',
  databaseUser: 'As the database does',
  auditId: "As in the API server's log",
};
