import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { HistoryEntry } from '../../../src/contract/control-tunnel.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import type { PodIdentity } from '../../../src/contract/pod.ts';

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** It goes on: its end is the present. */
  readonly isNow: boolean;
  /** The daemon was gone at its end, and wrote down no end: it was over then at the latest. */
  readonly isCut: boolean;
}

/** One pod answered. */
export interface PodSpan extends Span {
  readonly kind: 'pod';
  readonly pod: PodIdentity;
  /** How it differs from the one that answered before. Absent: the first there is, or the same one after a gap. */
  readonly change?: 'new pod' | 'other pod' | 'role' | 'restart';
  readonly was?: PodIdentity;
  /** How many connections waited for it, and how long nothing could be served. */
  readonly served?: number;
  readonly gapMs?: number;
}

/** It was wanted, and no pod could answer. */
export interface GapSpan extends Span {
  readonly kind: 'gap';
  /** The worst of what it was. */
  readonly shown: 'connecting' | 'waiting' | 'needs you';
  /** Each once, in order. */
  readonly reasons: readonly string[];
  /** The most that waited at one time. */
  readonly held: number;
}

/** Nobody wanted it, or there was no daemon. */
export interface OffSpan extends Span {
  readonly kind: 'off';
  readonly shown: 'off' | 'paused';
  readonly reason?: string;
}

export type TimelineSpan = PodSpan | GapSpan | OffSpan;

const worst = ['connecting', 'waiting', 'needs you'] as const;
const maxReasons = 4;
const noDaemon = 'no daemon was there';

/**
 * A tunnel's past as what people ask of it: which pod answered from when until when, and what was between. Oldest first, without holes from
 * the first entry until now. `daemonSinceMs`: what was so when an earlier daemon ended is known until this one began, at the latest.
 */
export function timelineOf(
  history: readonly HistoryEntry[],
  { nowMs, daemonSinceMs }: { readonly nowMs: number; readonly daemonSinceMs: number },
): TimelineSpan[] {
  const spans: TimelineSpan[] = [];
  let lastPod: PodIdentity | undefined;
  for (const [index, entry] of history.entries()) {
    const endMs = history[index + 1]?.atMs ?? Math.max(nowMs, entry.atMs);
    const isLast = index === history.length - 1;
    const isCut = entry.state.kind !== 'off' && entry.atMs < daemonSinceMs && endMs >= daemonSinceMs;
    const times = {
      fromMs: entry.atMs,
      toMs: isCut ? daemonSinceMs : endMs,
      isNow: isLast && !isCut,
      isCut,
    };
    const span = spanOf(entry, times, lastPod);
    if (span.kind === 'pod') lastPod = span.pod;
    append(spans, span);
    if (isCut && endMs > daemonSinceMs)
      append(spans, {
        kind: 'off',
        shown: 'off',
        reason: noDaemon,
        fromMs: daemonSinceMs,
        toMs: endMs,
        isNow: isLast,
        isCut: false,
      });
  }
  return spans;
}

/** What was so at a time; undefined before the first that is known. */
export function spanAt(spans: readonly TimelineSpan[], atMs: number): TimelineSpan | undefined {
  return spans.findLast(({ fromMs, toMs, isNow }) => fromMs <= atMs && (atMs < toMs || isNow));
}

/** The distinct pods in the order in which they came first. */
export function podsOf(spans: readonly TimelineSpan[]): string[] {
  return [...new Set(spans.flatMap((span) => (span.kind === 'pod' ? [span.pod.uid] : [])))];
}

/** Where another role is known to answer than before. */
export function roleMarks(spans: readonly TimelineSpan[], fromMs: number): PodSpan[] {
  return spans.filter(
    (span): span is PodSpan =>
      span.kind === 'pod' &&
      span.fromMs > fromMs &&
      span.was?.role !== undefined &&
      span.pod.role !== undefined &&
      span.was.role !== span.pod.role,
  );
}

function spanOf(
  { state, shown, held, gapMs, served }: HistoryEntry,
  times: Span,
  lastPod: PodIdentity | undefined,
): TimelineSpan {
  if (shown === 'paused') return { kind: 'off', ...times, shown };
  switch (state.kind) {
    case 'off':
      return {
        kind: 'off',
        ...times,
        shown: 'off',
        ...(state.reason && { reason: errorText(state.reason).headline }),
      };
    case 'ready': {
      const change = lastPod && changeOf(lastPod, state.pod);
      return {
        kind: 'pod',
        ...times,
        pod: state.pod,
        ...(change && { change, was: lastPod }),
        ...(served && { served }),
        ...(gapMs !== undefined && { gapMs }),
      };
    }
    case 'connecting':
      return { kind: 'gap', ...times, shown: 'connecting', reasons: [], held };
    case 'waiting':
      return { kind: 'gap', ...times, shown: 'waiting', reasons: [errorText(state.reason).headline], held };
    case 'blocked':
      return { kind: 'gap', ...times, shown: 'needs you', reasons: [errorText(state.error).headline], held };
  }
}

function changeOf(was: PodIdentity, pod: PodIdentity): PodSpan['change'] {
  if (was.uid !== pod.uid) return was.name === pod.name ? 'new pod' : 'other pod';
  // One that was not known before is news of the same pod: a server tells its role at the first login.
  if (was.role !== undefined && was.role !== pod.role) return 'role';
  return pod.restarts > was.restarts ? 'restart' : undefined;
}

/** What goes on as it was makes the last span longer. */
function append(spans: TimelineSpan[], span: TimelineSpan): void {
  const last = spans.at(-1);
  const { toMs, isNow, isCut } = span;
  const end = { toMs, isNow, isCut };
  if (last?.kind === 'pod' && span.kind === 'pod' && !span.change) {
    spans[spans.length - 1] = { ...last, ...end, pod: span.pod };
  } else if (last?.kind === 'gap' && span.kind === 'gap') {
    spans[spans.length - 1] = {
      ...last,
      ...end,
      shown: worst[Math.max(worst.indexOf(last.shown), worst.indexOf(span.shown))]!,
      reasons: [...new Set([...last.reasons, ...span.reasons])].slice(0, maxReasons),
      held: Math.max(last.held, span.held),
    };
  } else if (last?.kind === 'off' && span.kind === 'off' && last.shown === span.shown) {
    spans[spans.length - 1] = { ...last, ...end };
  } else spans.push(span);
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** How far back is looked at one time. */
export const ranges = [
  { name: '5 min', lengthMs: 5 * minuteMs, tickMs: minuteMs },
  { name: '15 min', lengthMs: 15 * minuteMs, tickMs: 5 * minuteMs },
  { name: '1 h', lengthMs: hourMs, tickMs: 15 * minuteMs },
  { name: '6 h', lengthMs: 6 * hourMs, tickMs: 2 * hourMs },
  { name: '24 h', lengthMs: 24 * hourMs, tickMs: 6 * hourMs },
  { name: '7 d', lengthMs: 7 * 24 * hourMs, tickMs: 48 * hourMs },
] as const;

export type Range = (typeof ranges)[number];

/** The shortest that reaches back to a time, else the longest. */
export function rangeFor(fromMs: number, nowMs: number): Range {
  return ranges.find(({ lengthMs }) => nowMs - lengthMs <= fromMs) ?? ranges.at(-1)!;
}

/** Round times of here within a window, as they are written under it. */
export function ticksOf(fromMs: number, toMs: number, tickMs: number): { atMs: number; words: string }[] {
  const offsetMs = new Date(toMs).getTimezoneOffset() * minuteMs;
  const ticks: { atMs: number; words: string }[] = [];
  for (let atMs = Math.ceil((fromMs - offsetMs) / tickMs) * tickMs + offsetMs; atMs < toMs; atMs += tickMs) {
    const words = timeWords(atMs);
    ticks.push({ atMs, words: tickMs >= 24 * hourMs ? words.slice(5, 10) : words.slice(11, 16) });
  }
  return ticks;
}
