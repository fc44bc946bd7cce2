import { X } from 'lucide-react';
import { count } from '../../../src/client/tunnel-words.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { maxExported } from './export-events.ts';
import type { Export, ExportState } from './use-export.ts';

/** How far an export is, and what came of it. */
export function ExportNote({ state, end }: Pick<Export, 'state' | 'end'>) {
  if (!state) return null;
  return (
    <div className="flex min-h-10 shrink-0 items-center gap-2 border-b border-line bg-surface py-1 pr-2 pl-4">
      <p role={state.kind === 'failed' ? 'alert' : 'status'} className="min-w-0 flex-1 wrap-anywhere">
        {words(state)}
      </p>
      {state.kind === 'running' ? (
        <Button onClick={end}>Cancel</Button>
      ) : (
        <IconButton icon={X} label="Close" onClick={end} />
      )}
    </div>
  );
}

function words(state: ExportState): string {
  switch (state.kind) {
    case 'running':
      return `Exporting… ${count(state.read, 'event')} read.`;
    case 'failed':
      return `Not exported: ${errorText(state.error).headline}.`;
    case 'done':
      return state.isWhole
        ? `Saved ${count(state.events, 'event')} as ${state.name}.`
        : `Saved the newest ${count(state.events, 'event')} as ${state.name}. A page reads no more than ${maxExported}; sallyport audit export gives all.`;
  }
}
