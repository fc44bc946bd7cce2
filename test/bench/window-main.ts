/**
 * What the window costs in a real browser: from following its address to the first paint and to a list of 500 tunnels, and how many frames
 * a second are left while 50 of them change a second. Frames and tasks are those of Chrome's trace. Prints a table, with MISSED where a
 * figure is worse than its goal; nothing is asserted.
 */

import { setInterval as every } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { openWindow, startBrowser } from '../support/browser.ts';
import { ScriptedEvents } from '../support/scripted-events.ts';
import { startWindowWorld } from '../support/window-world.ts';
import { busyTunnels, changedTunnel } from './busy-tunnels.ts';
import { frameFigures, watchFrames } from './page-frames.ts';
import { median } from './statistics.ts';

const { values: given } = parseArgs({
  options: {
    tunnels: { type: 'string', default: '500' },
    /** Changes a second. */
    rate: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(given.tunnels);
const rate = Number(given.rate);
const seconds = Number(given.seconds);

interface Figure {
  readonly title: string;
  readonly value: number;
  readonly unit: string;
  /** What it may be at most, or has to be at least. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

const figures: Figure[] = [];
await using cleanup = new AsyncDisposableStack();
const world = cleanup.use(await startWindowWorld({ profiles: manyProfiles() }));
const browser = await startBrowser();
cleanup.defer(() => browser.close());

await measureOpening();
await measureChanges('at rest', async () => {});
await measureChanges('while it is scrolled', scrolled);
await measureChanges('while it is searched', searched);
await measureChanges('with the panel of one that changes', (page) =>
  page.locator('[data-row]').first().click(),
);
print();

/** Real profiles, so that what is measured is the daemon's own snapshot. */
function manyProfiles(): Record<string, object> {
  const profile = {
    cluster: { server: 'https://127.0.0.1:1' },
    namespace: 'data',
    target: 'service/db',
    port: 5432,
  };
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`tunnel-${index}`, { ...profile, kind: 'postgres' }]),
  );
}

/** A browser that was never here, as on the first `sallyport ui`, and one that has the page's files. */
async function measureOpening(): Promise<void> {
  const taken = { paint: [] as number[], list: [] as number[], again: [] as number[] };
  for (let round = 0; round < Number(given.rounds); round++) {
    const url = await world.address();
    const followedAtMs = performance.timeOrigin + performance.now();
    await using window = await openWindow(browser, url, { prepare: watchFirstRow });
    const { page } = window;
    const opened = await times(page);
    taken.paint.push(opened.paintAtMs - followedAtMs);
    taken.list.push(opened.listAtMs - followedAtMs);
    await page.reload();
    const again = await times(page);
    taken.again.push(again.listAtMs - again.beganAtMs);
  }
  const limit = { unit: 'ms', atMost: 1_000 };
  figures.push(
    { title: 'address followed to first paint', value: median(taken.paint), ...limit },
    { title: `address followed to a list of ${count}`, value: median(taken.list), ...limit },
    { title: `page loaded again to a list of ${count}`, value: median(taken.again), ...limit },
  );
}

/** When the first row is painted, not only there. */
async function watchFirstRow(page: Page): Promise<void> {
  await page.addInitScript(`
    window.listed = new Promise((resolve) => {
      const look = () => document.querySelector('[data-row]') ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))) : requestAnimationFrame(look);
      look();
    });
  `);
}

interface OpeningTimes {
  readonly beganAtMs: number;
  readonly paintAtMs: number;
  readonly listAtMs: number;
}

function times(page: Page): Promise<OpeningTimes> {
  return page.evaluate<OpeningTimes>(`listed.then((listMs) => ({
    beganAtMs: performance.timeOrigin,
    paintAtMs: performance.timeOrigin + performance.getEntriesByName('first-contentful-paint')[0].startTime,
    listAtMs: performance.timeOrigin + listMs,
  }))`);
}

async function measureChanges(title: string, act: (page: Page, signal: AbortSignal) => Promise<unknown>) {
  const tunnels = busyTunnels(count);
  const events = new ScriptedEvents(tunnels);
  const prepare = (page: Page) => events.install(page);
  await using window = await openWindow(browser, await world.address(), { prepare });
  const { page, settled } = window;
  await page.locator('[data-row]').first().waitFor();
  await settled();
  const ending = AbortSignal.timeout(seconds * 1_000);
  const endTrace = await watchFrames(browser, page);
  const acting = act(page, ending);
  let change = 0;
  try {
    for await (const _ of every(1_000 / rate, undefined, { signal: ending })) {
      const index = (change * 7) % count;
      tunnels[index] = changedTunnel(tunnels[index]!, change++);
      events.tell(tunnels[index]!);
    }
  } catch (thrown) {
    if (!ending.aborted) throw thrown;
  }
  await acting;
  const { framesPerSecond, worstFrameMs, lateFrames, longTasks, busyShare } = frameFigures(await endTrace());
  const of = `${rate} changes a second, ${title}:`;
  figures.push(
    { title: `${of} frames a second`, value: framesPerSecond, unit: '', atLeast: 59 },
    { title: `${of} frames that came late`, value: lateFrames * 100, unit: '%', atMost: 1 },
    { title: `${of} longest time between frames`, value: worstFrameMs, unit: 'ms', atMost: 50 },
    { title: `${of} tasks over 50 ms`, value: longTasks, unit: '', atMost: 0 },
    { title: `${of} main thread busy`, value: busyShare * 100, unit: '%' },
  );
}

async function scrolled(page: Page, signal: AbortSignal): Promise<void> {
  await page.locator('[data-row]').first().hover();
  // A notch of a wheel in each frame, which is 7,000 pixels a second.
  for (let turn = 0; !signal.aborted; turn++) await page.mouse.wheel(0, turn % 120 < 60 ? 120 : -120);
}

async function searched(page: Page, signal: AbortSignal): Promise<void> {
  await page.keyboard.press('/');
  while (!signal.aborted) {
    for (const key of ['4', '2', 'Backspace', 'Backspace']) await page.keyboard.press(key, { delay: 60 });
  }
}

function print(): void {
  if (given.json) {
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    return;
  }
  for (const { title, value, unit, atMost, atLeast } of figures) {
    const isMissed = (atMost !== undefined && value > atMost) || (atLeast !== undefined && value < atLeast);
    const goal = atMost !== undefined ? `<= ${atMost}` : atLeast !== undefined ? `>= ${atLeast}` : '';
    const cells = [title.padEnd(76), value.toFixed(1).padStart(8), unit.padEnd(3), goal.padEnd(8)];
    process.stdout.write(`${cells.join(' ')}${isMissed ? ' MISSED' : ''}\n`);
  }
}
