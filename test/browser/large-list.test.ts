import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { fakePod, fakeTunnel } from '../support/fake-control.ts';
import { ScriptedEvents } from '../support/scripted-events.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

const ready = (index: number, connections = 0) =>
  fakeTunnel({
    name: `tunnel-${index}`,
    wanted: 'on',
    shown: 'ready',
    state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 },
    connections,
  });
const tunnels = Array.from({ length: 500 }, (_, index) => ready(index));
const row = (page: Page, name: string) => page.locator(`[data-row="user/${name}"]`);

describeInBrowser('500 tunnels', () => {
  const fixture = useWindowWorld({ profiles: {} });

  async function opened() {
    const events = new ScriptedEvents(tunnels);
    const { page } = await fixture.open({ prepare: (page) => events.install(page) });
    await row(page, 'tunnel-0').waitFor();
    return { page, events };
  }

  it('have rows only where they can be seen, and all can be reached', async () => {
    const { page } = await opened();
    expect(await page.locator('[data-row]').count()).toBeLessThan(40);
    await page.keyboard.press('ArrowUp');
    await row(page, 'tunnel-499').and(page.locator('[aria-current=true]')).waitFor();
    expect(await page.locator('[data-row]').count()).toBeLessThan(40);
    await page.keyboard.press('/');
    await page.keyboard.type('tunnel-37');
    await row(page, 'tunnel-370').waitFor();
    expect(await page.locator('[data-row]').count()).toBe(11);
  });

  it('leave each other alone: what changes in one touches no other row', async () => {
    const { page, events } = await opened();
    await page.evaluate(`
      window.touched = new Set();
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const item = (target.nodeType === 1 ? target : target.parentElement).closest('li');
          touched.add(item?.querySelector('[data-row]')?.dataset.row ?? 'elsewhere');
        }
      }).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true, attributes: true });
    `);
    for (let connections = 1; connections <= 20; connections++) {
      events.tell(ready(3, connections));
      events.tell(ready(400, connections));
    }
    await page
      .locator('li', { has: row(page, 'tunnel-3') })
      .getByText('20', { exact: true })
      .waitFor();
    expect(await page.evaluate('[...touched]')).toEqual(['user/tunnel-3']);
  });

  it('are chosen by a click on their names, as anywhere on their rows', async () => {
    const { page } = await opened();
    await page
      .locator('li', { has: row(page, 'tunnel-3') })
      .getByText('tunnel-3', { exact: true })
      .click();
    await page.getByRole('region', { name: 'tunnel-3' }).waitFor();
  });

  it('leave the list to who scrolls it, wherever the chosen one is and whatever moves', async () => {
    const { page, events } = await opened();
    await row(page, 'tunnel-3').click();
    await page.getByRole('region', { name: 'tunnel-3' }).waitFor();
    await page.mouse.wheel(0, 100_000);
    await row(page, 'tunnel-499').waitFor();
    for (const index of [200, 3]) {
      const error = { code: 'SP-LOCAL-PORT-IN-USE', details: {} } as const;
      events.tell({ ...ready(index), shown: 'needs you', state: { kind: 'blocked', error, sinceMs: 0 } });
      await page.getByRole('button', { name: index === 200 ? 'Needs you 1' : 'Needs you 2' }).waitFor();
      await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))');
      expect(await row(page, 'tunnel-499').count()).toBe(1);
    }
    await page.keyboard.press('ArrowDown');
    await row(page, 'tunnel-200').and(page.locator('[aria-current=true]')).waitFor();
  });

  it('stay where they are, dimmed and out of reach, while the daemon is away', async () => {
    const { page, events } = await opened();
    await page.routeWebSocket(/events$/, (socket) => void socket.close());
    await events.drop();
    await page.getByText('The daemon is away. Reconnecting…').waitFor();
    await page.locator('[inert]', { has: row(page, 'tunnel-0') }).waitFor();
    await events.install(page);
    await page.getByText('The daemon is away. Reconnecting…').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Copy how to connect to tunnel-0', exact: true }).waitFor();
  });
});
