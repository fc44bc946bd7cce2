import type { Browser, Page } from 'playwright-core';

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts: number;
  readonly dur?: number;
}

const markName = 'frames of this page';
const categories = ['blink.user_timing', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];

/** Traces a page that asks for every frame it can get, as one that animates does. Gives what ends it. */
export async function watchFrames(
  browser: Browser,
  page: Page,
): Promise<() => Promise<readonly TraceEvent[]>> {
  await browser.startTracing(page, {
    categories: [...categories, 'disabled-by-default-devtools.timeline.frame'],
  });
  await page.evaluate(`
    performance.mark(${JSON.stringify(markName)});
    (function ask() { window.asking = requestAnimationFrame(ask); })();
  `);
  return async () => {
    await page.evaluate(`performance.mark(${JSON.stringify(markName)}); cancelAnimationFrame(window.asking)`);
    const trace = JSON.parse((await browser.stopTracing()).toString('utf8'));
    return trace.traceEvents;
  };
}

export interface FrameFigures {
  readonly framesPerSecond: number;
  readonly worstFrameMs: number;
  /** Of all: those that came half a frame late or more. */
  readonly lateFrames: number;
  readonly longTasks: number;
  /** Of the time between the marks, in tasks of the page's main thread. */
  readonly busyShare: number;
}

const frameMs = 1_000 / 60;
const longTaskMs = 50;

/** Between the two marks, on the thread that set them. */
export function frameFigures(events: readonly TraceEvent[]): FrameFigures {
  const marks = events.filter(({ name }) => name === markName);
  const [first, last] = [marks.at(0), marks.at(-1)];
  if (!first || !last || first === last) throw new Error('the trace has not both marks');
  const within = events.filter(
    ({ pid, tid, ts }) => pid === first.pid && tid === first.tid && ts >= first.ts && ts <= last.ts,
  );
  const named = (wanted: string) => within.filter(({ name }) => name === wanted).sort((a, b) => a.ts - b.ts);
  const frames = named('BeginMainThreadFrame');
  const gapsMs = frames.slice(1).map(({ ts }, index) => (ts - frames[index]!.ts) / 1_000);
  const tasksMs = named('RunTask').map(({ dur = 0 }) => dur / 1_000);
  const totalMs = (last.ts - first.ts) / 1_000;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  return {
    framesPerSecond: (gapsMs.length * 1_000) / sum(gapsMs),
    worstFrameMs: Math.max(...gapsMs),
    lateFrames: gapsMs.filter((gapMs) => gapMs > 1.5 * frameMs).length / gapsMs.length,
    longTasks: tasksMs.filter((taskMs) => taskMs > longTaskMs).length,
    busyShare: sum(tasksMs) / totalMs,
  };
}
