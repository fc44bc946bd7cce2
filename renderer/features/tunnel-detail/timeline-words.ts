import { formatDuration } from '../../../src/base/duration.ts';
import { count, podWords, shortUid, timeWords } from '../../../src/client/tunnel-words.ts';
import type { PodSpan, TimelineSpan } from './timeline.ts';

/** postgres-0 · 2c98 · node-1 · primary, or what was there instead of a pod. */
export function spanWords(span: TimelineSpan): string {
  switch (span.kind) {
    case 'pod':
      return podWords(span.pod);
    case 'gap':
      return [span.shown, ...span.reasons].join(' · ');
    case 'off':
      return span.reason ? `${span.shown} · ${span.reason}` : span.shown;
  }
}

/** What makes it another span than the one before: a new pod, was 2c98 · gap 3.1 s · 2 held connections served */
export function changeWords(span: PodSpan): string {
  const { change, was, pod, gapMs, served } = span;
  const changed = {
    'new pod': was && `a new pod, was ${shortUid(was.uid)}`,
    'other pod': was && `another pod, was ${was.name}`,
    role: was && `now ${pod.role ?? 'without a role'}, was ${was.role ?? 'without a role'}`,
    restart: `its container restarted, ${count(pod.restarts, 'time')} in all`,
  };
  return [
    change && changed[change],
    gapMs !== undefined && `after a gap of ${formatDuration(gapMs)}`,
    served && `${count(served, 'held connection')} served`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** 14:02:07 – 14:03:12 · 65 s, or from 14:02:07 on. */
export function spanTimes(span: TimelineSpan): string {
  const [from, to] = [timeWords(span.fromMs), timeWords(span.toMs)];
  if (span.isNow) return `from ${from} on`;
  const end = from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to;
  return `${from} – ${span.isCut ? 'at the latest ' : ''}${end} · ${spanLength(span)}`;
}

/** How long, or for how long so far. */
export function spanLength({ fromMs, toMs }: TimelineSpan): string {
  return formatDuration(toMs - fromMs);
}
