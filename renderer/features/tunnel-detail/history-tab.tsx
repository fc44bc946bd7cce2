import { useMemo, useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import type { ShownState } from '../../../src/contract/tunnel-state.ts';
import { Choice } from '../../components/choice.tsx';
import { classNames } from '../../components/class-names.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { StateGlyph } from '../../components/state-glyph.tsx';
import { VirtualList } from '../../components/virtual-list.tsx';
import { useNow, useView } from '../../state/app-state.ts';
import { useTunnelDetail } from './detail-query.ts';
import { rangeFor, ranges, spanAt, type TimelineSpan, timelineOf } from './timeline.ts';
import { TimelineBar } from './timeline-bar.tsx';
import { changeWords, spanLength, spanTimes, spanWords } from './timeline-words.ts';

type RangeName = (typeof ranges)[number]['name'];
const rangeNames = ranges.map(({ name }) => name);

/** What it was through: which pod answered when, as a picture that is asked by pointer, keys or a time, and as a list. */
export default function HistoryTab({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { data, error } = useTunnelDetail(tunnel);
  const daemonSinceMs = useView(({ daemon }) => daemon.startedAtMs) ?? 0;
  const nowMs = useNow();
  const spans = useMemo(
    () => timelineOf(data?.history ?? [], { nowMs, daemonSinceMs }),
    [data, nowMs, daemonSinceMs],
  );
  if (error) return <ErrorNote error={AppError.from(error).toData()} />;
  if (!data) return null;
  if (spans.length === 0)
    return <p className="text-muted">It was not up yet. Once it is, this says which pod answered when.</p>;
  return <Timeline key={tunnel.id} spans={spans} nowMs={nowMs} />;
}

function Timeline({ spans, nowMs }: { readonly spans: readonly TimelineSpan[]; readonly nowMs: number }) {
  const [chosen, setChosen] = useState<RangeName>();
  const [hoveredMs, setHovered] = useState<number>();
  const [askedMs, setAsked] = useState<number>();
  const firstMs = spans[0]!.fromMs;
  const range =
    ranges.find(({ name }) => name === chosen) ?? rangeFor(Math.min(firstMs, askedMs ?? firstMs), nowMs);
  const atMs = hoveredMs ?? askedMs;
  const found = atMs !== undefined && atMs > nowMs ? undefined : spanAt(spans, atMs ?? nowMs);
  const ask = (ms: number) => {
    setAsked(ms);
    if (ms < nowMs - range.lengthMs) setChosen(rangeFor(ms, nowMs).name);
  };
  const newestFirst = useMemo(() => spans.toReversed(), [spans]);
  return (
    <div className="flex flex-col gap-3">
      <Choice label="How far back" options={rangeNames} value={range.name} onChange={setChosen} />
      <TimelineBar spans={spans} range={range} nowMs={nowMs} atMs={atMs} onHover={setHovered} onAsk={ask} />
      <div className="flex flex-col gap-1.5 rounded border border-line bg-ground px-3 py-2">
        <label className="flex items-center gap-2">
          <span className="text-muted">At</span>
          <input
            type="datetime-local"
            step={1}
            value={inputTime(atMs ?? nowMs)}
            onChange={({ currentTarget }) => {
              const ms = new Date(currentTarget.value).getTime();
              if (Number.isFinite(ms)) ask(ms);
            }}
            className="mono h-6 rounded border border-line bg-surface px-1"
          />
        </label>
        <Answer span={found} />
      </div>
      <VirtualList
        items={newestFirst}
        keyOf={({ fromMs, kind }) => `${fromMs} ${kind}`}
        label="History, newest first"
        estimatePx={44}
        className="border-t border-line"
      >
        {(span) => (
          <SpanRow span={span} nowMs={nowMs} isAsked={atMs !== undefined && span.fromMs === found?.fromMs} />
        )}
      </VirtualList>
    </div>
  );
}

/** What was so then, with exact times. It is read out when it changes, so that nothing in it counts seconds. */
function Answer({ span }: { readonly span: TimelineSpan | undefined }) {
  return (
    <output className="flex min-h-15 flex-col">
      {span ? (
        <>
          <span className="flex items-center gap-2 font-medium">
            <StateGlyph state={shownOf(span)} />
            <span className="min-w-0 wrap-anywhere">{spanWords(span)}</span>
          </span>
          <span className="text-muted">{spanTimes(span)}</span>
          {span.kind === 'pod' && (
            <span className="mono text-muted select-all wrap-anywhere">{span.pod.uid}</span>
          )}
        </>
      ) : (
        <span className="text-muted">Nothing is known of then.</span>
      )}
    </output>
  );
}

interface SpanRowProps {
  readonly span: TimelineSpan;
  readonly nowMs: number;
  readonly isAsked: boolean;
}

function SpanRow({ span, nowMs, isAsked }: SpanRowProps) {
  const change = span.kind === 'pod' ? changeWords(span) : '';
  return (
    <div className={classNames('flex gap-2 border-b border-line py-1.5 pr-1', isAsked && 'bg-selected')}>
      <span className="flex h-5 items-center pl-1">
        <StateGlyph state={shownOf(span)} label={span.kind === 'pod' ? 'ready' : undefined} />
      </span>
      <div className="min-w-0 flex-1">
        <p className={classNames('wrap-anywhere', span.kind === 'off' && 'text-muted')}>{spanWords(span)}</p>
        {change && <p className="text-sm text-muted">{change}</p>}
      </div>
      <div className="shrink-0 text-right">
        <p title={timeWords(span.fromMs)} className="mono leading-5">
          {whenWords(span.fromMs, nowMs)}
        </p>
        <p className="text-sm text-muted">{span.isNow ? `${spanLength(span)} so far` : spanLength(span)}</p>
      </div>
    </div>
  );
}

function shownOf(span: TimelineSpan): ShownState {
  return span.kind === 'pod' ? 'ready' : span.shown;
}

/** Of today the time, of other days the day with it. */
function whenWords(atMs: number, nowMs: number): string {
  const words = timeWords(atMs);
  return words.slice(0, 10) === timeWords(nowMs).slice(0, 10) ? words.slice(11) : words.slice(5);
}

/** As a field of day and time has it. */
function inputTime(atMs: number): string {
  return timeWords(atMs).replace(' ', 'T');
}
