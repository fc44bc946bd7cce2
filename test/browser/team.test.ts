import type { Page } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { axeLooks, describeInBrowser, type PageOptions } from '../support/browser.ts';
import {
  createTeamRepository,
  laterProfiles,
  sharedProfiles,
  type TeamRepository,
} from '../support/team-repository.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

describeInBrowser("the team's profiles in a browser", () => {
  const fixture = useWindowWorld({ profiles: {} });
  let repository: TeamRepository;
  beforeEach(async () => {
    repository = fixture.stack.use(await createTeamRepository(sharedProfiles));
  });
  afterEach(async () => {
    const { sources } = await fixture.world.control.call('profiles', {});
    if (sources.some(({ key }) => key === 'team'))
      await fixture.world.control.call('editProfile', { edit: { kind: 'remove-source', name: 'team' } });
  });

  async function opened(options: PageOptions = {}) {
    const { page, complaints } = await fixture.open(options);
    await page.getByRole('link', { name: /^Team/ }).click();
    return { page, complaints };
  }

  const addTeam = () =>
    fixture.world.control.call('editProfile', {
      edit: { kind: 'add-source', name: 'team', settings: { git: repository.path } },
    });
  const pull = () => fixture.world.control.call('reload', { pull: true, sources: ['team'] });
  const agreeToAll = async () => {
    const { profiles } = await fixture.world.control.call('profiles', {});
    for (const { id, hash, source } of profiles)
      if (source === 'team') await fixture.world.control.call('trust', { profile: id, hash });
  };
  const acceptPending = async () => {
    const { sources } = await fixture.world.control.call('profiles', {});
    const commit = sources.find(({ key }) => key === 'team')?.pending?.commit;
    if (commit) await fixture.world.control.call('acceptSource', { source: 'team', commit });
  };
  const row = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}`) });

  it('adds a repository, shows each profile before it is agreed to, and removes it again', async () => {
    const { page, complaints } = await opened();
    await page.getByRole('button', { name: 'Add a source' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Address').fill('not an address');
    await dialog.getByLabel('Name').fill('team');
    await dialog.getByRole('button', { name: 'Add it' }).click();
    await dialog.getByRole('alert').waitFor();
    await dialog.getByLabel('Address').fill(repository.path);
    await dialog.getByRole('button', { name: 'Add it' }).click();
    await dialog.waitFor({ state: 'detached' });
    const team = page.getByRole('region', { name: 'team' });
    await team.waitFor();

    await page.getByText('3 profiles to agree to').waitFor();
    await row(page, 'shop-reports').click();
    await page.getByText('service/reports').last().waitFor();
    await page.getByRole('button', { name: 'Agree to shop-reports' }).click();
    await row(page, 'shop-reports').getByText('agreed', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Agree to all 2…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Agree to all 2' }).click();
    await page.getByText('You have agreed to all that is shared with you.').waitFor();
    const { profiles } = await fixture.world.control.call('profiles', {});
    expect(profiles.map(({ trust }) => trust.kind)).toEqual(['trusted', 'trusted', 'trusted']);

    await page.getByRole('button', { name: 'Remove team' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await team.waitFor({ state: 'detached' });
    expect((await fixture.world.control.call('profiles', {})).profiles).toEqual([]);
    // The browser tells of the address that was refused.
    expect(complaints.filter((text) => !text.includes('422'))).toEqual([]);
  });

  it('shows what a fetched commit would change, marks what loosens a bound, and asks again for what changed', async () => {
    await addTeam();
    await pull();
    await acceptPending();
    await agreeToAll();
    const { page } = await opened();
    await repository.commit(laterProfiles);
    await page.getByRole('button', { name: 'Pull now' }).click();
    await page.getByText('would change 4 profiles.').waitFor();
    const diff = page.getByLabel('What differs in shop-orders');
    expect(await diff.getByText('loosens a bound').count()).toBe(2);
    await diff.getByText('policy.readOnly').waitFor();
    await page.getByLabel('What differs in shop-reports').getByText('leads elsewhere').waitFor();
    // Nothing of it counts yet.
    await row(page, 'shop-orders').getByText('agreed', { exact: true }).waitFor();

    await page.getByRole('button', { name: /^Take commit/ }).click();
    await row(page, 'shop-orders').getByText('changed since you agreed').waitFor();
    await page.getByRole('button', { name: 'Withdraw the agreement' }).first().click();
    await row(page, 'shop-orders').getByText('not agreed to yet').waitFor();
  });

  it('says where a file is wrong', async () => {
    await addTeam();
    await pull();
    await acceptPending();
    await repository.commit('version: 1\nprofiles:\n  shop-orders:\n    namespace: shop\n');
    await pull();
    await acceptPending();
    const { page } = await opened();
    await page
      .getByText(/tunnels\.yaml:\d+:\d+$/)
      .first()
      .waitFor();
    await page.getByText('profiles.shop-orders').first().waitFor();
  });

  it.each(['light', 'dark'] as const)('has nothing for axe to find, %s', async (colorScheme) => {
    const { page, complaints } = await opened({ colorScheme });
    const { found, look } = axeLooks(page);
    await page.getByText('Nobody shares profiles with you yet').waitFor();
    await look('empty');
    await page.getByRole('button', { name: 'Add a source' }).click();
    await page.getByRole('dialog').waitFor();
    await look('add');
    await page.keyboard.press('Escape');
    await addTeam();
    await pull();
    await acceptPending();
    await agreeToAll();
    await repository.commit(laterProfiles);
    await pull();
    await page.getByText('would change 4 profiles.').waitFor();
    await look('pending');
    await acceptPending();
    await row(page, 'shop-orders').getByText('changed since you agreed').waitFor();
    await look('changed');
    await page.getByRole('button', { name: /^Agree to all/ }).click();
    await page.getByRole('dialog').waitFor();
    await look('agree to all');
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 640, height: 700 });
    await look('narrow');
    expect(found).toEqual({});
    expect(complaints).toEqual([]);
  });
});
