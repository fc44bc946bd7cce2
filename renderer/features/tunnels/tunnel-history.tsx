import { useQuery } from '@tanstack/react-query';
import { formatDuration } from '../../../src/base/duration.ts';
import { podWords, timeWords } from '../../../src/client/tunnel-words.ts';
import type { HistoryEntry, TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { StateGlyph } from '../../components/state-glyph.tsx';
import { useAppState } from '../../state/app-state.ts';

/** What it was through, newest first: which pod answered when. */
export function TunnelHistory({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { api } = useAppState();
  const { data } = useQuery({
    // A change of state is a new entry.
    queryKey: ['history', tunnel.id, tunnel.wanted, tunnel.state],
    queryFn: ({ signal }) => api.call('tunnel', { name: tunnel.id }, { signal }),
    placeholderData: (before) => before,
  });
  if (!data) return null;
  if (data.history.length === 0) return <p className="text-muted">It was not up yet.</p>;
  return (
    <ol className="flex flex-col">
      {data.history.toReversed().map((entry) => (
        <li key={`${entry.atMs} ${entry.shown}`} className="flex gap-2 py-1">
          <span className="flex h-5 items-center">
            <StateGlyph state={entry.shown} label={entry.shown} />
          </span>
          <span className="mono shrink-0 leading-5 text-muted">{timeWords(entry.atMs).slice(5)}</span>
          <span className="min-w-0 wrap-anywhere">{entryWords(entry)}</span>
        </li>
      ))}
    </ol>
  );
}

function entryWords({ state, shown, gapMs, served }: HistoryEntry): string {
  switch (state.kind) {
    case 'ready':
      return [
        podWords(state.pod),
        gapMs !== undefined && `gap ${formatDuration(gapMs)}`,
        served && `${served} held served`,
      ]
        .filter(Boolean)
        .join(' · ');
    case 'waiting':
      return errorText(state.reason).headline;
    case 'blocked':
      return errorText(state.error).headline;
    case 'connecting':
      return state.step;
    case 'off':
      return state.reason ? errorText(state.reason).headline : shown;
  }
}
