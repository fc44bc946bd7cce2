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

/** 14:02:07 – 14:03:12, or from 14:02:07 on. */
export function spanTimes({ fromMs, toMs, isNow, isCut }: TimelineSpan): string {
  const from = timeWords(fromMs).slice(11);
  if (isNow) return `from ${from} on`;
  return `${from} – ${isCut ? 'at the latest ' : ''}${timeWords(toMs).slice(11)}`;
}

/** How long, or for how long so far. */
export function spanLength({ fromMs, toMs }: TimelineSpan): string {
  return formatDuration(toMs - fromMs);
}
