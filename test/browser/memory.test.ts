import type { CDPSession, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { busyTunnels } from '../bench/busy-tunnels.ts';
import { describeInBrowser } from '../support/browser.ts';
import { ScriptedEvents } from '../support/scripted-events.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

const count = 200;
const changesEachSecond = 50;
/** Long enough for each ring to be full, of which the longest has ten minutes, and for all code to have run. */
const warmUpSeconds = 900;
const hourSeconds = 3_600;
/** Of the page's 8 MiB. One number kept for each second and tunnel would be 3 MiB at least. */
const mayGrowBytes = 2 * 1024 * 1024;

describeInBrowser('an hour of changes', () => {
  const fixture = useWindowWorld({ profiles: {} });

  it('leaves the page as large as it was', { timeout: 900_000 }, async () => {
    const tunnels = busyTunnels(count);
    const events = new ScriptedEvents(tunnels);
    const prepare = async (page: Page) => {
      await events.install(page);
      // What the page hears from now on is made in it: a hundred thousand messages from outside would take the hour.
      await page.addInitScript(listenIn);
    };
    const { page } = await fixture.open({ prepare });
    await page.locator('[data-row]').first().click();
    await page.getByRole('region', { name: 'tunnel-0' }).waitFor();
    const heap = await page.context().newCDPSession(page);
    await pass(page, warmUpSeconds);
    const beforeBytes = await usedBytes(heap);
    await pass(page, hourSeconds);
    const afterBytes = await usedBytes(heap);
    expect(await page.evaluate<number>('told')).toBe((warmUpSeconds + hourSeconds) * changesEachSecond);
    await page
      .getByText(/received/)
      .first()
      .waitFor();
    expect(afterBytes - beforeBytes).toBeLessThan(mayGrowBytes);
  });
});

/**
 * `pass(seconds)`: so many seconds at once, each with its changes, its tick and its frame. What waits for a second, waits for the next of
 * these, and frames come as soon as they can.
 */
const listenIn = `{
  const Routed = WebSocket;
  const later = setTimeout.bind(window);
  const nextTurn = () => new Promise((resolve) => later(resolve));
  let waiting = [];
  let tellOn;
  window.setTimeout = (run, delayMs, ...rest) => delayMs === 1_000 ? waiting.push(run) : later(run, delayMs, ...rest);
  window.requestAnimationFrame = (draw) => later(() => draw(performance.now()));
  window.told = 0;
  window.pass = async (seconds) => {
    for (let second = 0; second < seconds; second++) {
      tellOn();
      for (const run of waiting.splice(0)) run();
      await nextTurn();
      await nextTurn();
    }
  };
  window.WebSocket = class extends Routed {
    set onmessage(listener) {
      let sequence = 0;
      let tunnels = [];
      super.onmessage = (message) => {
        const event = JSON.parse(message.data);
        if (event.event === 'snapshot') ({ sequence, tunnels } = event);
        listener(message);
      };
      tellOn = () => {
        for (let change = 0; change < ${changesEachSecond}; change++) {
          const index = told++ % tunnels.length;
          const { traffic, ...tunnel } = tunnels[index];
          tunnels[index] = { ...tunnel, connections: told % 9, traffic: { ...traffic, receivedBytes: traffic.receivedBytes + 4_096 } };
          listener({ data: JSON.stringify({ event: 'tunnel', sequence: ++sequence, tunnel: tunnels[index] }) });
        }
      };
    }
  };
}`;

async function pass(page: Page, seconds: number): Promise<void> {
  for (let minute = 0; minute < seconds / 60; minute++) await page.evaluate('pass(60)');
}

async function usedBytes(heap: CDPSession): Promise<number> {
  // What the first one ends may hold what the second one finds.
  for (let turn = 0; turn < 2; turn++) await heap.send('HeapProfiler.collectGarbage');
  return (await heap.send('Runtime.getHeapUsage')).usedSize;
}
