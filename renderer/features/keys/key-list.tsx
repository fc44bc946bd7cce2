import { Dialog } from '../../components/dialog.tsx';
import { KeyHint } from '../../components/key-hint.tsx';

const keys: readonly (readonly [key: string, what: string])[] = [
  ['↑', 'The tunnel above'],
  ['↓', 'The tunnel below'],
  ['Enter', 'What its button does: connect, copy, show why, answer'],
  ['C', 'Copy how to connect'],
  ['P', 'psql'],
  ['L', 'Its history'],
  ['N', 'A new tunnel'],
  ['E', 'Edit its profile'],
  ['/', 'Search'],
  ['Mod+K', 'Everything by its name'],
  ['Esc', 'Close what is open'],
  ['Mod+S', 'Save the profile that is written'],
  ['?', 'This list'],
];

export interface KeyListProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

export function KeyList({ open, onOpenChange }: KeyListProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keys">
      <dl className="grid grid-cols-[64px_minmax(0,1fr)] gap-y-1.5">
        {keys.map(([key, what]) => (
          <div key={key} className="contents">
            <dt>
              <KeyHint keys={key} />
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
