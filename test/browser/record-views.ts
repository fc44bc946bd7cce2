import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { openWindow } from '../support/browser.ts';
import { startWindowWorld } from '../support/window-world.ts';

const viewport = { width: 1280, height: 800 };
const themes = ['light', 'dark'] as const;

/** The main views, in both themes. */
export async function recordViews(browser: Browser, folder: string): Promise<void> {
  await using world = await startWindowWorld();
  const { control } = world;
  for (const name of ['orders-db', 'reports', 'cache', 'billing', 'echo']) await control.call('up', { names: [name] });
  for (const colorScheme of themes) {
    const url = await world.address();
    await using opened = await openWindow(browser, url, { viewport, colorScheme });
    const { page } = opened;
    const shot = (name: string) => page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
    await page.locator('[data-row="user/orders-db"]').click();
    await page.getByRole('region', { name: 'orders-db' }).getByText('Image', { exact: true }).waitFor();
    await shot('tunnels');
    for (const view of ['Team', 'Settings']) {
      await page.getByRole('link', { name: view }).click();
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      await shot(view.toLowerCase());
    }
  }
}
