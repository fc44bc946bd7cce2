import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

/** What is done here is done by keys alone: nothing clicks, and nothing is focused but by Tab, arrows and the page's own keys. */
describeInBrowser('without a pointer', () => {
  const fixture = useWindowWorld();
  let page: Page;
  beforeEach(async () => {
    ({ page } = await fixture.open());
    await page.locator('[data-row]').first().waitFor();
  });
  afterEach(() => fixture.world.control.call('down', { all: true }));

  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };

  /** Tab until what has the focus has this name. Every stop on the way must show that it has the focus, and have a name. */
  async function tabTo(name: RegExp | string, limit = 60): Promise<void> {
    const seen: string[] = [];
    for (let stop = 0; stop < limit; stop++) {
      await press('Tab');
      const at = page.locator(':focus');
      if ((await at.count()) === 0) continue;
      const called = await at.ariaSnapshot();
      seen.push(called);
      expect(called, 'a stop without a name').toMatch(/"[^"]+"|: \S/);
      expect(await page.evaluate(isSeen), `the focus is not to be seen on ${called}`).toBe(true);
      if (typeof name === 'string' ? called.includes(`"${name}"`) : name.test(called)) return;
    }
    throw new Error(`Tab does not lead to ${name}, but to ${seen.join(', ')}`);
  }

  async function chooseTunnel(name: string): Promise<void> {
    await press('/');
    await page.keyboard.type(name);
    await press('ArrowDown');
    await page.locator(`[data-row="user/${name}"][aria-current=true]:focus`).waitFor();
  }

  it('every view can be gone to, and each stop of Tab has a name and can be seen', async () => {
    for (const view of ['Audit', 'Team', 'Check', 'Settings', 'Tunnels']) {
      await page.evaluate('document.activeElement.blur()');
      await tabTo(new RegExp(`link "${view}`));
      await press('Enter');
      await page.getByRole('heading', { level: 1, name: view }).waitFor({ state: 'attached' });
    }
  });

  it('a tunnel is opened, its string copied in another format, and it is closed again', async () => {
    await chooseTunnel('orders-db');
    await press('Enter');
    await page.getByRole('button', { name: 'Copy psql command' }).waitFor();
    await tabTo('All formats');
    await press('Enter');
    await page
      .getByRole('menuitem', { name: /^psql command/ })
      .and(page.locator(':focus, [data-highlighted]'))
      .waitFor();
    await press('ArrowDown');
    await press('Enter');
    await page.getByRole('button', { name: 'Copied URI' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toMatch(/^postgres(ql)?:\/\//);
    await page.evaluate('document.activeElement.blur()');
    await tabTo('orders-db is on');
    await press('Space');
    await page.getByRole('switch', { name: 'orders-db is on', checked: false }).waitFor();
  });

  it('a question is answered, and the focus comes back to where it was', async () => {
    await chooseTunnel('payroll');
    await press('Enter');
    await page.getByRole('dialog', { name: 'Why do you open payroll?' }).waitFor();
    await page.getByLabel('Reason').and(page.locator(':focus')).waitFor();
    await page.keyboard.type('PAY-117 refund');
    await press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByText('PAY-117 refund').waitFor();
    await page.locator('[data-row="user/payroll"]:focus').waitFor();
  });

  it('a dialog keeps the focus in it, and Escape leaves it for later', async () => {
    await chooseTunnel('payroll');
    await press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Why do you open payroll?' });
    await dialog.waitFor();
    for (let stop = 0; stop < 12; stop++) {
      await press('Tab');
      // It may pass the guards at both ends of the dialog, but does not stay there.
      await dialog.locator(':focus').waitFor();
    }
    await press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Give a reason… payroll' }).waitFor();
  });

  it('the palette has what is typed from the first key on, and the page none of it', async () => {
    const typed = await page.evaluate(`(async () => {
      const press = (key, ctrlKey = false) =>
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, ctrlKey, bubbles: true, cancelable: true }));
      press('k', true);
      // React draws before the next key, which is another task.
      await null;
      const isTaken = !press('n');
      return { isTaken, at: document.activeElement.getAttribute('aria-label'), view: location.hash };
    })()`);
    expect(typed).toEqual({ isTaken: false, at: 'Search for something to do', view: '' });
  });

  it('the palette gives the focus back to the row that it came from', async () => {
    await chooseTunnel('echo');
    await press('Control+k');
    await page.getByRole('dialog', { name: 'Do anything' }).waitFor();
    await press('Escape');
    await page.getByRole('dialog', { name: 'Do anything' }).waitFor({ state: 'detached' });
    await page.locator('[data-row="user/echo"]:focus').waitFor();
  });

  it('the palette opens a tunnel by its name', async () => {
    await press('Control+k');
    await page.keyboard.type('connect echo');
    await page.getByRole('option', { name: /^Connect echo/ }).waitFor();
    await press('Enter');
    await page.getByRole('switch', { name: 'echo is on', checked: true }).waitFor();
    await press('Control+k');
    await page.keyboard.type('disconnect echo');
    await press('Enter');
    await page.getByRole('switch', { name: 'echo is on', checked: false }).waitFor();
  });
});

/** Whether what has the focus shows it: by an outline, or a field by the frame around it. */
const isSeen = `(() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  if (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) return true;
  const frame = getComputedStyle(at.closest('label') ?? at);
  return at.tagName === 'INPUT' && frame.borderTopColor !== getComputedStyle(document.body).borderTopColor;
})()`;
