import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { Control } from '../../src/client/control.ts';
import { openWindow } from '../support/browser.ts';
import {
  createTeamRepository,
  laterProfiles,
  sharedProfiles,
  type TeamRepository,
} from '../support/team-repository.ts';
import { startWindowWorld } from '../support/window-world.ts';

const viewport = { width: 1280, height: 800 };
const themes = ['light', 'dark'] as const;

/** The main views, in both themes. */
export async function recordViews(browser: Browser, folder: string): Promise<void> {
  await using repository = await createTeamRepository(sharedProfiles);
  await using world = await startWindowWorld({
    version: '0.1.0',
    sources: { team: { git: repository.path } },
  });
  const { control } = world;
  await shareWithTeam(control, repository);
  for (const name of ['orders-db', 'reports', 'cache', 'billing', 'echo'])
    await control.call('up', { names: [name] });
  for (const colorScheme of themes) {
    const url = await world.address();
    await using opened = await openWindow(browser, url, { viewport, colorScheme });
    const { page } = opened;
    const hidden = [
      [repository.path, 'git@example.com:shop/tunnels.git'],
      [`${world.home.dir}/config`, '~/.config'],
      [`${world.home.dir}/data`, '~/.local/share'],
    ] as const;
    const shot = async (name: string) => {
      await hidePlaces(page, hidden);
      await takePicture(name);
    };
    const takePicture = (name: string) =>
      page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
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

/** Agreed to as it was, with a commit that would change it. */
async function shareWithTeam(control: Control, repository: TeamRepository): Promise<void> {
  const pull = () => control.call('reload', { pull: true, sources: ['team'] });
  const { sources } = await pull();
  const commit = sources.find(({ key }) => key === 'team')?.pending?.commit;
  if (commit) await control.call('acceptSource', { source: 'team', commit });
  const { profiles } = await control.call('profiles', {});
  for (const { id, hash, source } of profiles)
    if (source === 'team') await control.call('trust', { profile: id, hash });
  await repository.commit(laterProfiles);
  await pull();
}

/** Folders of the machine that takes the pictures tell nobody anything. */
async function hidePlaces(
  page: Page,
  places: readonly (readonly [place: string, shown: string])[],
): Promise<void> {
  // As text: nothing here is of a page, whose types these are not.
  await page.evaluate(`{
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode())
      for (const [place, shown] of ${JSON.stringify(places)})
        if (node.nodeValue.includes(place)) node.nodeValue = node.nodeValue.replace(place, shown);
  }`);
}
