import { afterAll, beforeAll, expect, it } from 'vitest';
import { axeViolations, describeInBrowser, openWindow, type WatchedPage } from '../support/browser.ts';
import { useWindowWorld } from '../support/window-fixture.ts';
import { startWindowWorld, type WindowWorld } from '../support/window-world.ts';

const themes = ['light', 'dark'] as const;
const narrow = { width: 480, height: 640 };

/** Every view that there is, with every tab in it: what somebody adds is looked at without being named here. */
describeInBrowser('every view', () => {
  const fixture = useWindowWorld();
  let empty: WindowWorld;
  beforeAll(async () => {
    empty = await startWindowWorld({ profiles: {} });
    for (const name of ['orders-db', 'reports', 'billing', 'payroll', 'cache'])
      await fixture.world.control.call('up', { names: [name] });
  });
  afterAll(async () => {
    await empty?.[Symbol.asyncDispose]();
  });

  async function found({ page, settled }: WatchedPage): Promise<Record<string, unknown>> {
    const violations: Record<string, unknown> = {};
    for (const link of await page.getByRole('navigation', { name: 'Views' }).getByRole('link').all()) {
      const view = await link.getAttribute('href');
      await link.click();
      await page.locator(`[aria-current=page][href="${view}"]`).waitFor();
      await settled();
      violations[view!] = await axeViolations(page);
      for (const tab of await page.getByRole('tab').all()) {
        if (!(await tab.isEnabled())) continue;
        await tab.click();
        await settled();
        violations[`${view}, ${await tab.innerText()}`] = await axeViolations(page);
      }
    }
    return violations;
  }

  function expectNone(violations: Record<string, unknown>) {
    expect(Object.keys(violations).length).toBeGreaterThanOrEqual(5);
    expect(violations).toEqual(Object.fromEntries(Object.keys(violations).map((what) => [what, []])));
  }

  it.each(themes)('has nothing for axe to find, %s', async (colorScheme) => {
    const window = await fixture.open({ colorScheme });
    await window.page.getByRole('button', { name: 'orders-db, ready' }).click();
    expectNone(await found(window));
    await window.page.setViewportSize(narrow);
    expectNone(await found(window));
    expect(window.complaints).toEqual([]);
  });

  it.each(themes)('has nothing for axe to find with nothing in it, %s', async (colorScheme) => {
    await using window = await openWindow(fixture.browser, await empty.address(), { colorScheme });
    expectNone(await found(window));
    expect(window.complaints).toEqual([]);
  });

  it.each(themes)('stands without its daemon, and axe finds nothing, %s', async (colorScheme) => {
    const window = await fixture.open({ colorScheme });
    const { page, settled } = window;
    await settled();
    await fixture.world.stopDaemon();
    try {
      await page.getByRole('alert').waitFor();
      expectNone(await found(window));
    } finally {
      await fixture.world.startDaemon();
    }
  });

  it('fails alone where a part of the page cannot be fetched', async () => {
    const { page } = await fixture.open({
      prepare: (page) => page.route(/audit-view/, (route) => route.abort()),
    });
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('heading', { name: 'This view cannot be shown' }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    await page.getByRole('link', { name: /^Tunnels/ }).click();
    await page.getByRole('button', { name: 'orders-db, ready' }).waitFor();
    await page.unroute(/audit-view/);
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('button', { name: 'Load the page again' }).click();
    await page.getByRole('heading', { name: 'This view cannot be shown' }).waitFor({ state: 'detached' });
    await page.getByRole('heading', { level: 1, name: 'Audit' }).waitFor({ state: 'attached' });
  });

  it('is held to its policy: what it refuses fails whoever opened the page', async () => {
    const window = await openWindow(fixture.browser, await fixture.world.address());
    const style =
      "document.body.append(Object.assign(document.createElement('style'), { textContent: 'p {}' }))";
    await window.page.evaluate(style);
    await expect(window[Symbol.asyncDispose]()).rejects.toThrow(/policy refused/);
  });
});
