import { useEffect, useMemo, useState } from 'react';
import { count, timeWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { Button } from '../../components/button.tsx';
import { Choice } from '../../components/choice.tsx';
import { CopyTextButton } from '../../components/copy-text-button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { StateGlyph, stateColor } from '../../components/state-glyph.tsx';
import { Toggle } from '../../components/toggle.tsx';
import { VirtualList } from '../../components/virtual-list.tsx';
import { useAppState, useLink, useView } from '../../state/app-state.ts';
import { type FollowedLog, LogFollower } from './log-follower.ts';
import { foundLines, type LogQuery, logLevels, logText, type ShownLine } from './log-lines.ts';

const everything: LogQuery = { search: '', level: 'All' };

/** Its own log: read when somebody looks, and followed while they do. */
export default function LogTab({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { log, again } = useFollowedLog(tunnel.id);
  const [query, setQuery] = useState(everything);
  /** Where somebody reads, nothing moves: the lines as they were then. */
  const [held, setHeld] = useState<readonly ShownLine[]>();
  const lines = held ?? log.lines;
  const found = useMemo(() => foundLines(lines, query), [lines, query]);
  if (!log.isRead) return null;
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-2">
        <input
          type="text"
          aria-label="Filter lines"
          placeholder="Filter"
          spellCheck={false}
          value={query.search}
          onChange={({ currentTarget }) => setQuery({ ...query, search: currentTarget.value })}
          className="h-7 min-w-24 flex-1 rounded border border-line bg-ground px-2"
        />
        <Choice
          label="Which lines"
          options={logLevels}
          value={query.level}
          onChange={(level) => setQuery({ ...query, level })}
        />
        <CopyTextButton
          copied={{ of: `log of ${tunnel.id}`, what: 'text' }}
          label="Copy"
          disabled={found.length === 0}
          text={() => logText(found)}
        />
      </div>
      <div className="flex items-center justify-between gap-2 text-sm text-muted">
        <p role="status">{`${count(found.length, 'line')}, newest first${news(held, log)}`}</p>
        <span className="flex items-center gap-2">
          Follow
          <Toggle
            label="Follow the log"
            checked={held === undefined}
            onChange={(follows) => setHeld(follows ? undefined : log.lines)}
          />
        </span>
      </div>
      {log.error && <ErrorNote error={log.error} action={<Button onClick={again}>Read again</Button>} />}
      {found.length > 0 ? (
        <VirtualList
          items={found}
          keyOf={({ sequence }) => sequence}
          label="Log"
          estimatePx={41}
          className="border-t border-line"
        >
          {(line) => <Line line={line} />}
        </VirtualList>
      ) : (
        <p className="py-2 text-muted">
          {lines.length === 0 ? 'Nothing has happened yet.' : 'No line says that.'}
        </p>
      )}
    </div>
  );
}

function news(held: readonly ShownLine[] | undefined, { lines }: FollowedLog): string {
  if (!held) return '';
  const last = held.at(-1)?.sequence ?? Number.NEGATIVE_INFINITY;
  const newer = lines.filter(({ sequence }) => sequence > last).length;
  return newer > 0 ? ` · ${newer} newer` : '';
}

function Line({ line }: { readonly line: ShownLine }) {
  const { atMs, level, shown, words, facts } = line;
  return (
    <div className="flex gap-2 border-b border-line py-1">
      <time title={timeWords(atMs)} className="mono shrink-0 leading-5 text-muted">
        {timeWords(atMs).slice(11)}
      </time>
      <p className="min-w-0 wrap-anywhere">
        {shown && (
          <span className={`mr-1.5 inline-flex items-baseline gap-1.5 font-medium ${stateColor[shown]}`}>
            <span className="relative top-0.5">
              <StateGlyph state={shown} />
            </span>
            {shown}
          </span>
        )}
        {level === 'warn' && <span className="mr-1.5 font-medium text-waiting">warn</span>}
        {words}
        {facts.map(({ name, words }) => (
          <span key={name}>
            <span className="text-muted">{` ${name}=`}</span>
            {words}
          </span>
        ))}
      </p>
    </div>
  );
}

const unread: FollowedLog = { isRead: false, lines: [] };

/** Of this tunnel and this daemon: another one of either is read anew. */
function useFollowedLog(id: string): { readonly log: FollowedLog; readonly again: () => void } {
  const { api } = useAppState();
  const isLive = useLink().kind === 'live';
  const daemon = useView((view) => view.daemon.startedAtMs);
  const [tries, setTries] = useState(0);
  const [log, setLog] = useState(unread);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new daemon, and a new try, are followed anew
  useEffect(() => {
    if (!isLive) return;
    const follower = new LogFollower(api, id, () => setLog(follower.now));
    void follower.follow();
    return () => follower[Symbol.dispose]();
  }, [api, id, isLive, daemon, tries]);
  return { log, again: () => setTries(tries + 1) };
}
