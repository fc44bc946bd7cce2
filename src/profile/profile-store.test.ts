import { execFileSync } from 'node:child_process';
import { chmod, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { environment, messages, one, profileFiles, trusts } from '../../test/support/profile-files.ts';
import { systemClock } from '../base/clock.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import { profileSnapshotSchema } from '../contract/profile-snapshot.ts';

const files = profileFiles();
const { open, write } = files;

describe('ProfileStore', () => {
  it('has nothing, and nothing to complain of, where there is nothing', async () => {
    const snapshot = await open().load();
    expect(snapshot).toMatchObject({
      profiles: [],
      problems: [],
      sources: [{ key: 'user', state: 'absent' }],
    });
    await expect(stat(join(files.home, 'config'))).rejects.toThrow();
  });

  it('guesses the kind of a profile that does not say it, and leaves what was written as it is', async () => {
    const at = (port: number, more = '') =>
      `{cluster: {context: prod}, namespace: shop, target: service/orders, port: ${port}${more}}`;
    await write(
      'config/profiles.yaml',
      'profiles:',
      `  a: ${at(5432)}`,
      `  b: ${at(5432, ', kind: tcp')}`,
      `  c: ${at(9)}`,
    );
    const { profiles } = await open().load();
    expect(profiles.map(({ profile, written }) => [profile.kind, written.kind])).toEqual([
      ['postgres', undefined],
      ['tcp', 'tcp'],
      [undefined, undefined],
    ]);
  });

  it('reads the sources in their order, and the first of a name wins', async () => {
    await write(
      'config/profiles.yaml',
      'sources:',
      `  team: {folder: ${files.home}/team}`,
      'profiles:',
      one('web'),
    );
    const project = await write('work/shop/sallyport.yaml', 'profiles:', one('web'), one('api'));
    await write('team/a.yaml', 'profiles:', one('web'), one('db'), 'groups: {all: [web, db]}');
    const store = open();
    await store.addProject(join(files.home, 'work/shop'));
    const snapshot = store.snapshot;
    expect(profileSnapshotSchema.safeParse(snapshot).error).toBeUndefined();
    expect(trusts(snapshot)).toEqual({
      'user/web': 'own',
      [`${project}/web`]: 'untrusted',
      [`${project}/api`]: 'untrusted',
      'team/web': 'untrusted',
      'team/db': 'untrusted',
    });
    expect(store.find('web', project)).toMatchObject({
      kind: 'found',
      profile: { id: 'user/web' },
      others: [{ source: project }, { id: 'team/web' }],
    });
    expect(store.find('team/web')).toMatchObject({ profile: { id: 'team/web' } });
    expect(store.find('project/web', project)).toMatchObject({ profile: { source: project } });
    expect(store.find('api')).toMatchObject({ kind: 'unknown' });
    expect(store.find('api', project)).toMatchObject({ kind: 'found' });
    expect(store.find('dv')).toEqual({ kind: 'unknown', meant: 'db' });
    expect(snapshot.groups).toEqual([{ name: 'all', source: 'team', members: ['team/web', 'team/db'] }]);
    expect(messages(snapshot)).toContainEqual(expect.stringContaining('web means the one of user'));
  });

  it('does not let a name with errors mean the next one', async () => {
    await write(
      'config/profiles.yaml',
      `sources: {team: {folder: ${files.home}/team}}`,
      'profiles:',
      one('db', 'kind: x'),
    );
    await write('team/a.yaml', 'profiles:', one('db'));
    const store = open();
    await store.load();
    expect(store.find('db')).toMatchObject({
      kind: 'refused',
      id: 'user/db',
      problems: [{ at: 'profiles.db.kind', line: 4 }],
    });
    expect(store.find('team/db')).toMatchObject({ kind: 'found' });
  });

  it('applies overrides, and says which of them are for nothing', async () => {
    await write(
      'config/profiles.yaml',
      `sources: {team: {folder: ${files.home}/team}}`,
      'overrides:',
      '  team: {web: {port: 8081, context: mine, off: true}, wbe: {port: 1}}',
      '  tema: {web: {port: 1}}',
      `  ${files.home}/elsewhere/sallyport.yaml: {web: {port: 1}}`,
    );
    await write('team/a.yaml', 'profiles:', one('web', 'local: {address: 127.0.0.2, port: 80}'));
    const { profiles, problems } = await open().load();
    expect(profiles).toMatchObject([
      {
        profile: { local: { address: '127.0.0.2', port: 8081 }, cluster: { context: 'mine' }, off: true },
        written: { cluster: { context: 'prod' } },
      },
    ]);
    expect(problems.map(({ line, message, severity }) => [line, severity, message])).toEqual([
      [4, 'warning', 'there is no profile wbe in team: did you mean web?'],
      [5, 'warning', 'there is no source tema: did you mean team?'],
    ]);
  });

  it("lets the user's own file alone say which programs need no local password", async () => {
    await write(
      'config/profiles.yaml',
      `sources: {team: {folder: ${files.home}/team}}`,
      'overrides: {team: {db: {passwordless: [/usr/lib/postgresql/15/bin/psql]}}}',
    );
    await write(
      'team/a.yaml',
      'profiles:',
      one('db', 'kind: postgres, policy: {readOnly: true}'),
      one('open', 'kind: postgres, policy: {passwordless: [/usr/bin/psql]}'),
    );
    const { profiles, refused } = await open().load();
    expect(profiles).toMatchObject([
      {
        name: 'db',
        profile: { policy: { readOnly: true, passwordless: ['/usr/lib/postgresql/15/bin/psql'] } },
        written: { policy: { readOnly: true } },
      },
    ]);
    expect(profiles[0]?.written.policy).toEqual({ readOnly: true });
    expect(refused).toMatchObject([{ id: 'team/open' }]);
  });

  it('says where two sources want one port', async () => {
    await write(
      'config/profiles.yaml',
      `sources: {team: {folder: ${files.home}/team}}`,
      'profiles:',
      one('web', 'local: 8080'),
    );
    await write(
      'team/a.yaml',
      'profiles:',
      one('api', 'local: {address: 127.0.0.1, port: 8080}'),
      one('off', 'local: 8080, off: true'),
    );
    const snapshot = await open().load();
    expect(snapshot.profiles).toHaveLength(3);
    expect(snapshot.problems).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('127.0.0.1:8080 is that of user/web too') },
    ]);
  });

  it('starts nothing of others before its user agrees, and again when it changes', async () => {
    const project = await write('p/sallyport.yaml', 'profiles:', one('web'), one('api'));
    const store = open();
    await store.addProject(join(files.home, 'p'));
    const id = `${project}/web`;
    const shown = store.snapshot.profiles.find((profile) => profile.id === id)!;
    await store.agree(id, shown.hash);
    expect(trusts(store.snapshot)).toEqual({ [id]: 'trusted', [`${project}/api`]: 'untrusted' });
    expect((await stat(join(files.home, 'data/trust.json'))).mode & 0o777).toBe(0o600);

    // Another way to write the same is the same.
    await write(
      'p/sallyport.yaml',
      '# moved',
      'profiles:',
      one('api'),
      '  web:',
      '    port: 80',
      '    target: service/web',
      '    namespace: shop',
      '    cluster: {context: prod}',
    );
    expect(trusts(await store.load())[id]).toBe('trusted');

    await write('p/sallyport.yaml', 'profiles:', one('web', 'local: 8080').replace('shop', 'prod'));
    const changed = (await store.load()).profiles[0]!;
    expect(changed.trust).toEqual({
      kind: 'changed',
      changes: [
        { path: 'local', after: '8080' },
        { path: 'namespace', before: '"shop"', after: '"prod"' },
      ],
    });
    await expect(store.agree(id, shown.hash)).rejects.toMatchObject({ code: 'SP-PROFILE-STALE' });
    await store.agree(id, changed.hash);
    const again = open();
    await again.addProject(join(files.home, 'p'));
    expect(trusts(again.snapshot)).toEqual({ [id]: 'trusted' });
    await again.withdraw(id);
    expect(trusts(again.snapshot)).toEqual({ [id]: 'untrusted' });
  });

  it('gives an agreement to one source alone', async () => {
    await write('a/sallyport.yaml', 'profiles:', one('web'));
    await write('b/sallyport.yaml', 'profiles:', one('web'));
    const store = open();
    await store.addProject(join(files.home, 'a'));
    await store.addProject(join(files.home, 'b'));
    const [first] = store.snapshot.profiles;
    await store.agree(first!.id, first!.hash);
    expect(Object.values(trusts(store.snapshot))).toEqual(['trusted', 'untrusted']);
  });

  it.each([
    '',
    '{',
    '{"version":2}',
    '[]',
    '{"version":1,"agreements":[{"origin":"x","name":"web","hash":"y","profile":{}}]}',
  ])('trusts nothing by a damaged trust file: %s', async (text) => {
    await write('p/sallyport.yaml', 'profiles:', one('web'));
    const store = open();
    await store.addProject(join(files.home, 'p'));
    const [profile] = store.snapshot.profiles;
    await store.agree(profile!.id, profile!.hash);
    await writeFile(join(files.home, 'data/trust.json'), text);
    expect(Object.values(trusts(await store.load()))).toEqual(['untrusted']);
    await store.agree(profile!.id, profile!.hash);
    expect(Object.values(trusts(store.snapshot))).toEqual(['trusted']);
  });

  it('does not believe a hash that does not belong to what was agreed to', async () => {
    await write('p/sallyport.yaml', 'profiles:', one('web'));
    const store = open();
    await store.addProject(join(files.home, 'p'));
    const [profile] = store.snapshot.profiles;
    await store.agree(profile!.id, profile!.hash);
    const trust = await readFile(join(files.home, 'data/trust.json'), 'utf8');
    await writeFile(join(files.home, 'data/trust.json'), trust.replace('service/web', 'service/evil'));
    expect(Object.values(trusts(await store.load()))).toEqual(['untrusted']);
  });

  it('keeps what it knew of a file that is half written, and says so', async () => {
    await write(
      'config/profiles.yaml',
      `sources: {team: {folder: ${files.home}/team}}`,
      'overrides: {team: {web: {port: 1}}}',
      'profiles:',
      one('mine'),
    );
    await write('team/a.yaml', 'profiles:', one('web'));
    const store = open();
    const before = await store.load();
    await writeFile(join(files.home, 'config/profiles.yaml'), 'version: 1\nprofiles: {');
    const after = await store.load();
    expect(after.profiles).toEqual(before.profiles);
    expect(after.sources[0]).toMatchObject({ key: 'user', state: 'unreadable' });
    expect(after.problems[0]).toMatchObject({ line: 2 });
  });

  it('follows no link out of a shared folder, and waits for no pipe', async () => {
    await write('config/profiles.yaml', `sources: {team: {folder: ${files.home}/team}}`);
    await write('secret.yaml', 'profiles:', one('web'));
    await write('team/good.yaml', 'profiles:', one('good'));
    await symlink(join(files.home, 'secret.yaml'), join(files.home, 'team/link.yaml'));
    await symlink('/nonexistent', join(files.home, 'team/nowhere.yaml'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(files.home, 'team/pipe.yaml')]);
    const snapshot = await open().load();
    expect(Object.keys(trusts(snapshot))).toEqual(['team/good']);
    expect(messages(snapshot)).toEqual([
      'the file is a link that leads out of its folder',
      'the file is a link that leads nowhere',
      'the file is not a regular file',
    ]);
  });

  it('edits the own file and loads it', async () => {
    const store = open();
    const profile = { cluster: { context: 'prod' }, namespace: 'shop', target: 'service/web', port: 80 };
    await store.edit({ kind: 'add', name: 'web', profile });
    const file = join(files.home, 'config/profiles.yaml');
    expect(trusts(store.snapshot)).toEqual({ 'user/web': 'own' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o644);
    await Promise.all(
      [1, 2, 3].map((port) => store.edit({ kind: 'add', name: `p${port}`, profile: { ...profile, port } })),
    );
    expect(Object.keys(trusts(store.snapshot))).toEqual(['user/web', 'user/p1', 'user/p2', 'user/p3']);
    expect((await stat(file)).mode & 0o777).toBe(0o644);
  });

  it('tells its listeners by itself when a file changes, once for each change', async () => {
    await write('config/profiles.yaml', `sources: {team: {folder: ${files.home}/team}}`);
    await write('team/a.yaml', 'profiles:', one('web'));
    const store = open({ clock: systemClock });
    const next = () =>
      new Promise<ProfileSnapshot>((resolve) => {
        const end = store.onChange((snapshot) => {
          end();
          resolve(snapshot);
        });
      });
    await store.watch();
    let changed = next();
    await write('team/a.yaml', 'profiles:', one('api'));
    expect(Object.keys(trusts(await changed))).toEqual(['team/api']);
    changed = next();
    await write('config/profiles.yaml', 'profiles:', one('mine'));
    expect(Object.keys(trusts(await changed))).toEqual(['user/mine']);
    const { sequence } = store.snapshot;
    expect((await store.load()).sequence).toBe(sequence);
  });

  it('reads what was saved a moment ago before somebody in its folder acts on it', async () => {
    const file = await write('work/sallyport.yaml', 'profiles:', one('web'));
    // Its time stands still: what settles would do so for ever.
    const store = open();
    await store.watch();
    await store.addProject(join(files.home, 'work'));
    const { hash } = store.snapshot.profiles[0]!;
    await store.agree(`${file}/web`, hash);
    await write('work/sallyport.yaml', 'profiles:', one('web', 'local: 8080'));
    // Until the system has told of the change.
    await expect
      .poll(async () => {
        await store.addProject(join(files.home, 'work'));
        return trusts(store.snapshot);
      })
      .toEqual({ [`${file}/web`]: 'changed' });
  });

  it('shows what a repository brings before it counts, pulled on request and at its interval', async () => {
    const work = join(files.home, 'work');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
        cwd: work,
        env: environment,
        stdio: 'ignore',
      });
    await write('work/a.yaml', 'profiles:', one('web'), one('old'));
    git('init', '--quiet', '.');
    git('add', '-A');
    git('commit', '--quiet', '-m', 'x');
    await write('config/profiles.yaml', `sources: {team: {git: ${work}, every: 15m}}`);
    const clock = new FakeClock();
    const store = open({ clock });
    await store.watch();
    expect(messages(store.snapshot)).toEqual(['team was not fetched yet: pull it']);
    await store.pull('team');
    expect(trusts(store.snapshot)).toEqual({ 'team/web': 'untrusted', 'team/old': 'untrusted' });

    await write('work/a.yaml', 'profiles:', one('web').replace('port: 80', 'port: 81'), one('new'));
    git('add', '-A');
    git('commit', '--quiet', '-m', 'x');
    const pulled = new Promise<ProfileSnapshot>((resolve) => store.onChange(resolve));
    clock.advance(15 * 60_000);
    const snapshot = await pulled;
    expect(Object.keys(trusts(snapshot))).toEqual(['team/web', 'team/old']);
    const { pending } = snapshot.sources[1]!;
    expect(pending?.changes.map(({ name }) => name)).toEqual(['new', 'old', 'web']);
    expect(pending?.changes[2]?.changes).toEqual([{ path: 'port', before: '80', after: '81' }]);
    await expect(store.accept('team', 'f'.repeat(40))).rejects.toMatchObject({ code: 'SP-PROFILE-STALE' });
    await store.accept('team', pending!.commit);
    expect(trusts(store.snapshot)).toEqual({ 'team/web': 'untrusted', 'team/new': 'untrusted' });
    expect(store.snapshot.sources[1]?.pending).toBeUndefined();

    await rm(work, { recursive: true });
    await expect(store.pull('team')).rejects.toMatchObject({ code: 'SP-PROFILE-SOURCE' });
    expect(Object.keys(trusts(store.snapshot))).toEqual(['team/web', 'team/new']);
    expect(messages(store.snapshot)).toEqual([
      expect.stringContaining('does not appear to be a git repository'),
    ]);
    await expect(store.pull('other')).rejects.toMatchObject({ code: 'SP-PROFILE-SOURCE' });
  });
});
