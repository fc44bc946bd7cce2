import { chmod, chown, mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environment, messages, one, profileFiles, trusts } from '../../test/support/profile-files.ts';
import { systemClock } from '../base/clock.ts';
import type { PolicyFloor } from '../contract/policy.ts';

const files = profileFiles();
const { open, write } = files;

describe('the sources of a ProfileStore', () => {
  it('reads a 65th project in the place of the one used longest ago that has no wanted tunnel', async () => {
    const folders = Array.from({ length: 66 }, (_, index) => join(files.home, `p${index}`));
    for (const [index] of folders.entries()) await write(`p${index}/sallyport.yaml`, 'profiles:', one('web'));
    const fileOf = (index: number) => join(folders[index]!, 'sallyport.yaml');
    const inUse = new Set([fileOf(0)]);
    const store = open({ isProjectInUse: (file) => inUse.has(file) });
    await store.addProjects(folders.slice(0, 64));
    await store.addProject(folders[1]!);
    await store.addProject(folders[64]!);
    const known = () => store.snapshot.sources.map(({ key }) => key).slice(1);
    expect(known()).toHaveLength(64);
    expect(known()).not.toContain(fileOf(2));
    for (const kept of [0, 1, 3, 64]) expect(known()).toContain(fileOf(kept));

    // Where all of them are in use, only who names something of the one that is left out is told.
    for (const file of known()) inUse.add(file);
    await store.addProject(folders[65]!);
    expect(known()).not.toContain(fileOf(65));
    expect(store.find(`${fileOf(3)}/web`, fileOf(65))).toMatchObject({ kind: 'found' });
    expect(() => store.find('web', fileOf(65))).toThrow(
      expect.objectContaining({ code: 'SP-PROFILE-LIMIT' }),
    );
  });

  it('loads once for many projects', async () => {
    for (const name of ['a', 'b', 'c']) await write(`${name}/sallyport.yaml`, 'profiles:', one('web'));
    const store = open();
    const { sequence } = await store.load();
    const found = await store.addProjects(['c', 'a', '', 'b'].map((name) => join(files.home, name)));
    expect(found.map(({ stoppedAt }) => stoppedAt)).toEqual(['file', 'file', 'home', 'file']);
    expect(store.snapshot.profiles.map(({ file }) => file)).toEqual(
      ['c', 'a', 'b'].map((name) => join(files.home, name, 'sallyport.yaml')),
    );
    expect(store.snapshot.sequence).toBe(sequence + 1);
  });

  it('serves everything else while a repository is fetched that never answers', async () => {
    const ssh = join(files.home, 'ssh');
    await writeFile(ssh, '#!/bin/sh\n: > "$0.started"\nexec cat\n');
    await chmod(ssh, 0o700);
    await write('config/profiles.yaml', 'sources: {team: {git: "git@example.invalid:team/x.git"}}');
    await write('p/sallyport.yaml', 'profiles:', one('web'));
    const store = open({ environment: { ...environment, GIT_SSH_COMMAND: ssh } });
    await store.load();
    const stop = new AbortController();
    let isPulling = true;
    const pulled = store.pull('team', stop.signal).catch(() => {
      isPulling = false;
    });
    await expect.poll(() => stat(`${ssh}.started`).catch(() => undefined)).toBeDefined();
    await write(
      'config/profiles.yaml',
      'sources: {team: {git: "git@example.invalid:team/x.git"}}',
      'profiles:',
      one('mine'),
    );
    expect(Object.keys(trusts(await store.load()))).toEqual(['user/mine']);
    await store.addProject(join(files.home, 'p'));
    expect(store.find('web', join(files.home, 'p/sallyport.yaml'))).toMatchObject({ kind: 'found' });
    await expect(store.accept('team', 'f'.repeat(40))).rejects.toMatchObject({ code: 'SP-PROFILE-STALE' });
    expect(isPulling).toBe(true);
    stop.abort();
    await pulled;
  });

  it('notices a change of the file that its own one is a link to', async () => {
    const real = await write('dotfiles/tunnels', 'profiles:', one('web'));
    await mkdir(join(files.home, 'config'));
    await symlink(real, join(files.home, 'config/profiles.yaml'));
    const store = open({ clock: systemClock });
    await store.watch();
    const next = () =>
      new Promise<string[]>((resolve) => {
        const end = store.onChange((snapshot) => {
          end();
          resolve(Object.keys(trusts(snapshot)));
        });
      });
    let changed = next();
    await write('dotfiles/tunnels', 'profiles:', one('api'));
    expect(await changed).toEqual(['user/api']);
    changed = next();
    await rm(real);
    expect(await changed).toEqual([]);
    changed = next();
    await write('dotfiles/tunnels', 'profiles:', one('db'));
    expect(await changed).toEqual(['user/db']);
  });

  it('takes nothing for its own that others may write, itself or where a link leads', async () => {
    const real = await write('elsewhere/profiles.yaml', 'profiles:', one('web'));
    await mkdir(join(files.home, 'config'));
    const file = join(files.home, 'config/profiles.yaml');
    await symlink(real, file);
    const store = open({ uid: process.getuid?.() });
    const profile = { cluster: { context: 'prod' }, namespace: 'shop', target: 'service/web', port: 80 };
    await chmod(real, 0o666);
    expect(trusts(await store.load())).toEqual({});
    expect(messages(store.snapshot)).toEqual(['the file may be written by others: take that away from them']);
    await expect(store.edit({ kind: 'add', name: 'mine', profile })).rejects.toMatchObject({
      code: 'SP-PROFILE-EDIT',
    });
    await chmod(real, 0o644);
    expect(trusts(await store.load())).toEqual({ 'user/web': 'own' });
  });

  it.skipIf(process.getuid?.() !== 0)(
    'takes nothing for its own that belongs to another user (needs root)',
    async () => {
      const real = await write('elsewhere/profiles.yaml', 'profiles:', one('web'));
      await mkdir(join(files.home, 'config'));
      await symlink(real, join(files.home, 'config/profiles.yaml'));
      await chown(real, 65_534, 65_534);
      const snapshot = await open({ uid: 0 }).load();
      expect(trusts(snapshot)).toEqual({});
      expect(messages(snapshot)).toEqual(['the file belongs to user 65534, not to you']);
    },
  );

  it('shows the name of a file that others share as what it is', async () => {
    await write('config/profiles.yaml', `sources: {team: {folder: ${files.home}/team}}`);
    await write('team/\u001b[8ma.yaml', 'profiles:', one('web'));
    const { profiles } = await open().load();
    expect(profiles.map(({ file }) => file)).toEqual([join(files.home, 'team/\\u001b[8ma.yaml')]);
  });

  it('forgets what a file held once the file is gone', async () => {
    await write('config/profiles.yaml', `sources: {team: {folder: ${files.home}/team}}`);
    const file = await write('team/a.yaml', 'profiles:', one('web'));
    const store = open();
    await store.load();
    await rm(file);
    await store.load();
    await writeFile(file, 'version: 1\nprofiles: {');
    expect(trusts(await store.load())).toEqual({});
  });
});

describe('policies from several hands', () => {
  const team = 'policy: {environment: production, timeLimit: 4h, programs: [/bin/a, /bin/b]}';

  async function shared(...overrides: string[]) {
    await write('shared/team.yaml', 'profiles:', one('web', team), one('db'));
    await write(
      'config/profiles.yaml',
      `sources: {team: {folder: ${join(files.home, 'shared')}}}`,
      'overrides:',
      '  team:',
      ...overrides,
    );
    return open().load();
  }

  it('comes to the tightest of them', async () => {
    const snapshot = await shared(
      '    web: {policy: {timeLimit: 30m, programs: [/bin/a], confirm: true}}',
      '    db: {policy: {reason: true}}',
    );
    expect(messages(snapshot)).toEqual([]);
    const { profiles } = snapshot;
    expect(profiles.map(({ profile }) => profile.policy)).toEqual([
      { environment: 'production', timeLimit: '30m', programs: ['/bin/a'], confirm: true },
      { reason: true },
    ]);
    // What was agreed to is what the team wrote.
    expect(profiles[0]!.written.policy).toMatchObject({ timeLimit: '4h' });
  });

  it('refuses a profile over which something looser is said, with the place and what would be right', async () => {
    const snapshot = await shared(
      '    web:',
      '      policy:',
      '        timeLimit: 5h',
      '        programs: [/bin/c]',
      '    db: {policy: {confirm: true}}',
    );
    const file = join(files.home, 'config/profiles.yaml');
    expect(snapshot.problems).toEqual([
      {
        file,
        line: 7,
        column: 9,
        at: 'overrides.team.web.policy.timeLimit',
        message: 'timeLimit must be at most 4h: an override may only tighten the policy of team/web',
        severity: 'error',
      },
      expect.objectContaining({
        line: 8,
        message:
          'programs must be some of /bin/a, /bin/b: an override may only tighten the policy of team/web',
      }),
    ]);
    expect(snapshot.refused).toEqual([{ id: 'team/web', file: join(files.home, 'shared/team.yaml') }]);
    expect(snapshot.profiles.map(({ name }) => name)).toEqual(['db']);
  });

  it('refuses a word that loosens, and the profile that it is said over, but no other one', async () => {
    const store = open();
    await write('shared/team.yaml', 'profiles:', one('web', team), one('db'));
    await write(
      'config/profiles.yaml',
      `sources: {team: {folder: ${join(files.home, 'shared')}}}`,
      'overrides: {team: {web: {policy: {hostNetwork: allow}}, db: {policy: {confirm: true}}}}',
    );
    const { problems, profiles } = await store.load();
    expect(problems).toMatchObject([
      {
        line: 3,
        at: 'overrides.team.web.policy.hostNetwork',
        message:
          'overrides.team.web.policy.hostNetwork must be forbid, as nothing here can loosen a policy, not allow',
      },
    ]);
    expect(profiles).toMatchObject([{ name: 'db', profile: { policy: { confirm: true } } }]);
    expect(store.find('team/web')).toMatchObject({ kind: 'refused', problems: [{ line: 3 }] });
  });

  it('never goes below the floor of the settings, which counts with the next load', async () => {
    let floor: PolicyFloor = {};
    await write(
      'config/profiles.yaml',
      'profiles:',
      one('web', 'policy: {environment: production, timeLimit: 9h}'),
    );
    const store = open({ floor: () => floor });
    expect((await store.load()).profiles[0]!.profile.policy).toMatchObject({ timeLimit: '9h' });
    floor = { production: { timeLimit: '8h' } };
    const { profiles } = await store.load();
    expect(profiles[0]!.profile.policy).toMatchObject({ timeLimit: '8h' });
    expect(profiles[0]!.written.policy).toMatchObject({ timeLimit: '9h' });
  });
});
