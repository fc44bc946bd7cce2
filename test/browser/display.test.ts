import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { axeViolations, describeInBrowser, type PageOptions } from '../support/browser.ts';
import { fakePod, fakeTunnel } from '../support/fake-control.ts';
import { ScriptedEvents } from '../support/scripted-events.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

const connecting = fakeTunnel({
  name: 'connecting',
  wanted: 'on',
  shown: 'connecting',
  state: { kind: 'connecting', step: 'resolving', sinceMs: 0 },
});
const ready = fakeTunnel({
  name: 'analytics-warehouse-replica-of-the-orders-eu-west-1',
  environment: 'production',
  wanted: 'on',
  shown: 'ready',
  state: { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 0 },
  addresses: [{ kind: 'tcp', address: '127.0.0.1', port: 15432 }],
});

describeInBrowser('the window as somebody needs it', () => {
  const fixture = useWindowWorld({ profiles: {} });

  async function opened(options: PageOptions) {
    const events = new ScriptedEvents([connecting, ready]);
    const window = await fixture.open({ prepare: (page) => events.install(page), ...options });
    await window.page.getByRole('button', { name: 'connecting, connecting' }).waitFor();
    return window;
  }

  /** Of running animations, and of changes that would take their time. */
  const moving = (page: Page) =>
    page.evaluate<number>(`
      document.getAnimations().length +
        [...document.querySelectorAll('*')].filter((each) => parseFloat(getComputedStyle(each).transitionDuration) > 0).length
    `);

  it('moves only where motion is welcome', async () => {
    const still = await opened({ reducedMotion: 'reduce' });
    expect(await moving(still.page)).toBe(0);
    await still.page.keyboard.press('Control+k');
    await still.page.getByRole('option').first().waitFor();
    expect(await moving(still.page)).toBe(0);
    const lively = await opened({ reducedMotion: 'no-preference' });
    expect(await moving(lively.page)).toBeGreaterThan(0);
  });

  describe.each([
    ['zoomed to 200 %', { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }],
    ['as narrow as 320', { viewport: { width: 320, height: 640 } }],
    ['720 wide', { viewport: { width: 720, height: 800 } }],
  ])('%s', (_name, options) => {
    it('has nothing beside the screen, and everything of the list and the panel can be reached', async () => {
      const window = await opened(options);
      const { page } = window;
      await page.getByRole('button', { name: `${ready.name}, ready, production` }).click();
      const panel = page.getByRole('region', { name: ready.name });
      await panel.waitFor();
      expect(await beside(page)).toEqual([]);
      await panel.getByRole('tab', { name: 'History' }).click();
      await panel.getByRole('button', { name: 'All formats' }).click();
      expect(await beside(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      expect(await beside(page)).toEqual([]);
      await page.keyboard.press('Escape');
      for (const link of await page.getByRole('navigation').getByRole('link').all()) {
        await link.click();
        await window.settled();
        expect(await beside(page)).toEqual([]);
      }
      expect(await axeViolations(page)).toEqual([]);
    });
  });

  /** What can be pressed or written in, and is cut by the left or right edge of the screen. */
  const beside = (page: Page) =>
    page.evaluate<string[]>(`
      [...document.querySelectorAll('a, button, input, [role=menuitem], [role=dialog]')]
        .filter((each) => each.checkVisibility())
        .filter((each) => {
          const { left, right, width } = each.getBoundingClientRect();
          return width > 1 && (left < -0.5 || right > innerWidth + 0.5);
        })
        .map((each) => each.outerHTML.slice(0, 120))
        .concat(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : [])
    `);

  it('tells its states apart without colours of its own', async () => {
    const window = await opened({ forcedColors: 'active' });
    const { page } = window;
    await page.getByRole('button', { name: `${ready.name}, ready, production` }).click();
    await page.getByRole('status').filter({ hasText: 'ready' }).first().waitFor();
    expect(await axeViolations(page)).toEqual([]);
  });
});
