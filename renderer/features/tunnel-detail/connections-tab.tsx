import { AppError } from '../../../src/base/app-error.ts';
import { count, podWords, timeWords } from '../../../src/client/tunnel-words.ts';
import type { LiveConnection, TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { VirtualList } from '../../components/virtual-list.tsx';
import { useNow } from '../../state/app-state.ts';
import { durationWords, loginWords, programWords, trafficArrows, trafficWords } from './connection-words.ts';
import { useTunnelDetail } from './detail-query.ts';

/** Who is connected: which program, for how long, with how many bytes, as whom. */
export default function ConnectionsTab({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { data, error } = useTunnelDetail(tunnel, { polls: true });
  if (error) return <ErrorNote error={AppError.from(error).toData()} />;
  if (!data) return null;
  const { connections } = data;
  const others = tunnel.connections - connections.length;
  return (
    <div className="flex flex-col gap-2">
      <p className="text-muted">{summary(tunnel, others)}</p>
      {connections.length > 0 && (
        <VirtualList
          items={connections}
          keyOf={({ connection }) => connection}
          label="Live connections"
          estimatePx={53}
          className="border-t border-line"
        >
          {(connection) => <ConnectionRow connection={connection} pod={podOf(tunnel)} />}
        </VirtualList>
      )}
    </div>
  );
}

function summary({ connections, held, wanted, traffic }: TunnelEntity, others: number): string {
  if (connections === 0) {
    if (wanted !== 'on') return 'It is off: nobody can connect.';
    return traffic.served > 0 ? 'Nobody is connected now.' : 'Nobody has connected yet.';
  }
  const parts = [count(connections, 'connection'), held > 0 && `${held} held until a pod answers`];
  const unseen = others - held;
  return [...parts, unseen > 0 && `${unseen} without a pod yet, or beyond the list`]
    .filter(Boolean)
    .join(' · ');
}

interface ConnectionRowProps {
  readonly connection: LiveConnection;
  /** That the tunnel is on now: another one is worth a word. */
  readonly pod: string | undefined;
}

function ConnectionRow({ connection, pod }: ConnectionRowProps) {
  const nowMs = useNow();
  const login = loginWords(connection);
  const isElsewhere = pod !== undefined && connection.pod.uid !== pod;
  return (
    <div className="flex flex-col border-b border-line py-1.5">
      <div className="flex items-baseline gap-2">
        <span title={connection.peer?.process?.program} className="min-w-0 flex-1 truncate font-medium">
          {programWords(connection)}
        </span>
        <span aria-hidden className="mono shrink-0 whitespace-pre">
          {trafficArrows(connection)}
        </span>
        <span className="sr-only">{trafficWords(connection)}</span>
      </div>
      <div className="flex items-baseline gap-2 text-muted">
        <span className="min-w-0 flex-1 truncate">{login || `connection ${connection.connection}`}</span>
        <span title={`since ${timeWords(connection.sinceMs)}`} className="shrink-0 text-sm">
          {durationWords(connection, nowMs)}
        </span>
      </div>
      {isElsewhere && <p className="text-sm text-waiting">{`still on ${podWords(connection.pod)}`}</p>}
    </div>
  );
}

function podOf({ state }: TunnelEntity): string | undefined {
  return state.kind === 'ready' ? state.pod.uid : undefined;
}
