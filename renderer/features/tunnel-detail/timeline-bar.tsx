import { type KeyboardEvent, type PointerEvent, useRef } from 'react';
import { podWords, shortUid, timeWords } from '../../../src/client/tunnel-words.ts';
import { classNames } from '../../components/class-names.ts';
import { podsOf, type Range, roleMarks, spanAt, type TimelineSpan, ticksOf } from './timeline.ts';
import { spanWords } from './timeline-words.ts';

export interface TimelineBarProps {
  readonly spans: readonly TimelineSpan[];
  readonly range: Range;
  readonly nowMs: number;
  /** The time that is asked about. */
  readonly atMs: number | undefined;
  /** Under the pointer: only while it is there. */
  readonly onHover: (atMs: number | undefined) => void;
  readonly onAsk: (atMs: number) => void;
}

/** Steps of the keys across it. */
const steps = 100;

/** The pods of a stretch of time as bars, with a mark that pointer and keys move through it. */
export function TimelineBar({ spans, range, nowMs, atMs, onHover, onAsk }: TimelineBarProps) {
  const track = useRef<HTMLDivElement>(null);
  const fromMs = nowMs - range.lengthMs;
  const place = (ms: number) =>
    `${(((Math.min(nowMs, Math.max(fromMs, ms)) - fromMs) / range.lengthMs) * 100).toFixed(3)}%`;
  const seen = spans.filter(({ toMs }) => toMs > fromMs);
  const pods = podsOf(spans);
  const timeAt = ({ clientX }: PointerEvent) => {
    const { left, width } = track.current!.getBoundingClientRect();
    return Math.round(fromMs + Math.min(1, Math.max(0, (clientX - left) / width)) * range.lengthMs);
  };
  const keyed = (event: KeyboardEvent) => {
    const to = keyTarget(event, { atMs: atMs ?? nowMs, fromMs, nowMs, spans: seen });
    if (to === undefined) return;
    event.preventDefault();
    onAsk(Math.round(Math.min(nowMs, Math.max(fromMs, to))));
  };
  const asked = Math.min(atMs ?? nowMs, nowMs);
  const found = spanAt(spans, asked);
  return (
    <div className="flex flex-col gap-1">
      <RoleMarks spans={seen} fromMs={fromMs} nowMs={nowMs} place={place} />
      <div
        ref={track}
        role="slider"
        tabIndex={0}
        aria-label="Which pod answered when"
        aria-valuemin={Math.round(fromMs / 1_000)}
        aria-valuemax={Math.round(nowMs / 1_000)}
        aria-valuenow={Math.round(asked / 1_000)}
        aria-valuetext={`${timeWords(asked)}: ${found ? spanWords(found) : 'nothing is known'}`}
        onPointerMove={(event) => onHover(timeAt(event))}
        onPointerLeave={() => onHover(undefined)}
        onPointerDown={(event) => onAsk(timeAt(event))}
        onKeyDown={keyed}
        className="relative h-7 cursor-crosshair touch-none rounded-sm bg-ground"
      >
        {seen.map((span) => (
          <div
            key={span.fromMs}
            className={classNames('@container absolute inset-y-0 overflow-hidden', barClass(span, pods))}
            style={{ left: place(span.fromMs), width: `calc(${place(span.toMs)} - ${place(span.fromMs)})` }}
          >
            {span.kind === 'pod' && (
              <span className="mono block px-1.5 leading-7 @max-[44px]:hidden">{shortUid(span.pod.uid)}</span>
            )}
          </div>
        ))}
        {atMs !== undefined && (
          <div
            aria-hidden
            className="pointer-events-none absolute -inset-y-1 w-0.5 -translate-x-1/2 bg-text"
            style={{ left: place(atMs) }}
          />
        )}
      </div>
      <Ticks fromMs={fromMs} nowMs={nowMs} tickMs={range.tickMs} place={place} />
    </div>
  );
}

/** Two pods beside each other look different, and what changed of one begins with a line; a gap is seen however short it was. */
function barClass(span: TimelineSpan, pods: readonly string[]): string {
  switch (span.kind) {
    case 'off':
      return '';
    case 'gap': {
      const colors = { connecting: 'bg-connecting', waiting: 'bg-waiting', 'needs you': 'bg-needs' };
      return `z-10 min-w-[3px] ${colors[span.shown]}`;
    }
    case 'pod':
      return classNames(
        pods.indexOf(span.pod.uid) % 2 === 0
          ? 'bg-accent text-on-accent'
          : 'border border-accent bg-selected text-text',
        (span.change === 'role' || span.change === 'restart') && 'border-l-2 border-l-surface',
      );
  }
}

interface Places {
  readonly fromMs: number;
  readonly place: (ms: number) => string;
}

/** Where the role of the pod that answers became another. */
function RoleMarks({
  spans,
  fromMs,
  nowMs,
  place,
}: Places & { readonly nowMs: number; readonly spans: readonly TimelineSpan[] }) {
  // Near its end a word stands before its mark: behind it there is no room.
  const isLate = (ms: number) => nowMs - ms < (nowMs - fromMs) / 6;
  const marked = roleMarks(spans, fromMs);
  if (marked.length === 0) return null;
  return (
    <div aria-hidden className="relative h-4 overflow-hidden text-xs text-muted">
      {marked.map(({ fromMs: atMs, pod }) => (
        <span
          key={atMs}
          title={`${timeWords(atMs)}: ${podWords(pod)}`}
          className={classNames(
            'absolute border-text bg-surface whitespace-nowrap',
            isLate(atMs) ? 'border-r pr-1' : 'border-l pl-1',
          )}
          style={isLate(atMs) ? { right: `calc(100% - ${place(atMs)})` } : { left: place(atMs) }}
        >
          {pod.role}
        </span>
      ))}
    </div>
  );
}

function Ticks({
  fromMs,
  nowMs,
  tickMs,
  place,
}: Places & { readonly nowMs: number; readonly tickMs: number }) {
  // The last sixth is of the word at its end.
  const ticks = ticksOf(fromMs, nowMs, tickMs).filter(({ atMs }) => nowMs - atMs > (nowMs - fromMs) / 6);
  return (
    <div aria-hidden className="relative h-4 text-xs text-muted">
      {ticks.map(({ atMs, words }) => (
        <span key={atMs} className="absolute border-l border-line pl-1" style={{ left: place(atMs) }}>
          {words}
        </span>
      ))}
      <span className="absolute right-0">now</span>
    </div>
  );
}

interface At {
  readonly atMs: number;
  readonly fromMs: number;
  readonly nowMs: number;
  readonly spans: readonly TimelineSpan[];
}

/** Where a key leads: arrows a hundredth, pages to where the next span begins. */
function keyTarget({ key }: KeyboardEvent, { atMs, fromMs, nowMs, spans }: At): number | undefined {
  const stepMs = (nowMs - fromMs) / steps;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return atMs - stepMs;
    case 'ArrowRight':
    case 'ArrowUp':
      return atMs + stepMs;
    case 'PageDown':
      return spans.findLast((span) => span.fromMs < atMs)?.fromMs ?? fromMs;
    case 'PageUp':
      return spans.find((span) => span.fromMs > atMs)?.fromMs ?? nowMs;
    case 'Home':
      return fromMs;
    case 'End':
      return nowMs;
    default:
      return undefined;
  }
}
