import { readFile, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SocketControl } from '../../src/client/socket-control.ts';
import { refuseFromPage } from '../../src/daemon/page-limits.ts';
import { tunnelOnce, useMachine } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';

/** Profiles as somebody at a window makes, changes and copies them, of a daemon over the sandbox. */
const machine = useMachine();
let control: SocketControl;

const net = () => ({
  cluster: { server: machine.sandbox.server },
  namespace: 'default',
  target: 'statefulset/net/0',
  port: 'identity',
});
const userFile = () => readFile(machine.home.places.userFile, 'utf8');

async function withProfiles(profiles: object): Promise<void> {
  await machine.home.writeProfiles({ profiles });
  machine.stack.use(await machine.home.start());
  control = machine.stack.use(machine.home.control());
}

describe('a profile', () => {
  let local: number;
  beforeEach(async () => {
    local = await freePort();
    await withProfiles({ known: { ...net(), local } });
  });

  it('is added, changed and removed in the own file, whose comments stay', async () => {
    await writeFile(machine.home.places.userFile, `# of the team\n${await userFile()}`);
    await control.call('editProfile', { edit: { kind: 'add', name: 'added', profile: net() } });
    const profile = { ...net(), description: 'seen' };
    const { profiles } = await control.call('editProfile', {
      edit: { kind: 'change', name: 'added', profile },
    });
    expect(profiles.find(({ id }) => id === 'user/added')?.written).toEqual(profile);
    expect(await userFile()).toMatch(/^# of the team\n/);
    await control.call('editProfile', { edit: { kind: 'remove', name: 'added' } });
    expect(await userFile()).not.toContain('added');
  });

  it('goes down before it is removed', async () => {
    await control.call('up', { names: ['known'], waitMs: 30_000 });
    await control.call('editProfile', { edit: { kind: 'remove', name: 'known' } });
    const { tunnels } = await control.call('tunnels', {});
    expect(tunnels).toEqual([]);
  });

  it('goes down before it is renamed, and starts by its other name', async () => {
    await control.call('up', { names: ['known'], waitMs: 30_000 });
    const { profiles } = await control.call('editProfile', {
      edit: { kind: 'rename', name: 'known', to: 'renamed' },
    });
    expect(profiles.map(({ id, profile: { local } }) => [id, local])).toEqual([['user/renamed', local]]);
    const { outcomes } = await control.call('up', { names: ['renamed'], waitMs: 30_000 });
    expect(outcomes.map(({ error }) => error)).toEqual([undefined]);
    const { tunnels } = await control.call('tunnels', {});
    expect(tunnels.map(({ id }) => id)).toEqual(['user/renamed']);
  });

  it('that is refused is given as it is written, to be mended', async () => {
    await machine.home.writeProfiles({ profiles: { known: { ...net(), port: 99_999 } } });
    await control.call('reload', {});
    const { yaml, ...place } = await control.call('profileYaml', { profile: 'user/known' });
    expect(place).toMatchObject({ name: 'known', file: machine.home.places.userFile });
    const { problems } = await control.call('checkProfile', { name: 'known', yaml });
    expect(problems).toMatchObject([{ at: 'port', message: expect.stringMatching(/^port must be/) }]);
    await control.call('editProfile', { edit: { kind: 'change', name: 'known', profile: net() } });
    const { profiles, refused } = await control.call('profiles', {});
    expect([profiles.map(({ id }) => id), refused]).toEqual([['user/known'], []]);
  });

  it('that is refused is not given where the file holds a secret', async () => {
    const connection = { database: 'orders', password: 'hunter2-hunter2' };
    await machine.home.writeProfiles({ profiles: { known: { ...net(), connection } } });
    await control.call('reload', {});
    await expect(control.call('profileYaml', { profile: 'user/known' })).rejects.toMatchObject({
      code: 'SP-PROFILE-INVALID',
    });
  });

  it('with a name that is taken changes nothing', async () => {
    const before = await userFile();
    const edit = { kind: 'add' as const, name: 'known', profile: net() };
    await expect(control.call('editProfile', { edit })).rejects.toMatchObject({ code: 'SP-PROFILE-EXISTS' });
    expect(await userFile()).toBe(before);
  });

  it('is given as YAML that reads as the same profile', async () => {
    const { yaml, file } = await control.call('profileYaml', { profile: 'known' });
    expect(file).toBe(machine.home.places.userFile);
    expect(await control.call('checkProfile', { name: 'known', yaml })).toEqual({
      profile: { ...net(), local },
      problems: [],
    });
  });

  it('that is written wrongly is told where, in the lines that were written', async () => {
    const yaml = 'cluster: {context: dev}\nnamespace: data\ntarget: service/db\nport: 99999\ncolour: red\n';
    const { profile, problems } = await control.call('checkProfile', { name: 'db', yaml });
    expect(profile).toBeUndefined();
    expect(problems).toMatchObject([
      { line: 4, column: 7, at: 'port', severity: 'error', message: expect.stringMatching(/^port must be/) },
      { line: 5, column: 1, at: 'colour', severity: 'error' },
    ]);
  });

  it.each(['- a list', 'a: [', '', '---\nx: 1', 'cluster:\n\tcontext: x', 'version: 2'])(
    'is none in %j, which is said',
    async (yaml) => {
      const { profile, problems } = await control.call('checkProfile', { name: 'db', yaml });
      expect(profile).toBeUndefined();
      expect(problems.filter(({ severity }) => severity === 'error')).not.toEqual([]);
      for (const { line, column } of problems) expect(Math.min(line, column)).toBeGreaterThan(0);
    },
  );

  it('is proposed for an object of the cluster, with a port and a name that are free', async () => {
    const proposal = await control.call('proposeProfile', {
      kind: 'StatefulSet',
      namespace: 'default',
      object: 'net',
      ordinal: 0,
    });
    expect(proposal).toMatchObject({ name: 'net', profile: { target: 'statefulset/net/0' } });
    await control.call('editProfile', { edit: { kind: 'add', ...named(proposal) } });
    const next = await control.call('proposeProfile', {
      kind: 'StatefulSet',
      namespace: 'default',
      object: 'net',
    });
    expect(next.name).toBe('net-2');
    expect(next.profile.local).not.toBe(proposal.profile.local);
    await control.call('up', { names: ['net'], waitMs: 30_000 });
    expect(await tunnelOnce(control, 'user/net', ({ shown }) => shown === 'ready')).toBeDefined();
  });

  it('is proposed for nothing that is not there', async () => {
    const input = { kind: 'Service' as const, namespace: 'default', object: 'nothing' };
    await expect(control.call('proposeProfile', input)).rejects.toMatchObject({
      code: 'SP-TARGET-NOT-FOUND',
    });
  });

  it('is read from a kubectl line, and nothing is written', async () => {
    const before = await userFile();
    const text = `kubectl port-forward -n data svc/orders ${local}:5432`;
    const { profiles, notCarried } = await control.call('importProfiles', { text });
    expect(profiles).toMatchObject([{ name: 'orders', profile: { namespace: 'data', port: 5432 } }]);
    expect(profiles[0]?.profile.local).toBeUndefined();
    expect(notCarried).toMatchObject([{ what: expect.stringContaining(String(local)) }]);
    expect(await userFile()).toBe(before);
  });
});

describe('connection strings', () => {
  let local: number;
  beforeEach(async () => {
    local = await freePort();
  });
  const database = (policy: object = {}) => ({
    ...net(),
    kind: 'postgres',
    local,
    connection: { database: 'orders', user: 'app', password: { keychain: true } },
    policy,
  });

  it('are shown with dots, and copied with the password of the tunnel', async () => {
    await withProfiles({ db: database() });
    await control.call('keepPassword', { name: 'db', password: 'the-databases-own' });
    await control.call('up', { names: ['db'], waitMs: 30_000 });
    const { strings } = await control.call('strings', { name: 'db' });
    const uri = strings.find(({ format }) => format === 'uri')?.written;
    expect(uri?.text).toContain(`app:••••••••@127.0.0.1:${local}/orders`);
    expect(strings.filter(({ error }) => error)).toEqual([]);
    const own = await control.call('password', { name: 'db' });
    const copied = await control.call('connectionString', { name: 'db', format: 'uri' });
    const password = own.kind === 'found' ? own.password : undefined;
    expect(copied).toMatchObject({ kind: 'written', string: { secret: true } });
    expect(copied.kind === 'written' && copied.string.text).toBe(uri?.text.replace('••••••••', password!));
    expect(JSON.stringify([strings, copied])).not.toContain('the-databases-own');
  });

  it('carry no password where there is no gateway', async () => {
    await withProfiles({ db: database({ gateway: false }) });
    await control.call('keepPassword', { name: 'db', password: 'the-databases-own' });
    const copied = await control.call('connectionString', { name: 'db', format: 'uri' });
    expect(copied).toMatchObject({
      kind: 'written',
      string: { text: `postgresql://app@127.0.0.1:${local}/orders`, secret: false },
    });
  });
});

it.each([
  [{ connection: { password: { command: ['cat', '/etc/shadow'] } } }, 'connection.password.command'],
  [{ connection: { password: { environment: 'HOME' } } }, 'connection.password.environment'],
  [{ connection: { password: { file: '/etc/passwd' } } }, 'connection.password.file'],
  [{ connection: { ca: { file: '/etc/passwd' } } }, 'connection.ca.file'],
  [{ local: { socket: '/run/x' } }, 'local.socket'],
  [{ local: { address: '0.0.0.0', port: 1 } }, 'local.address'],
  [{ policy: { passwordless: ['/usr/bin/psql'] } }, 'policy.passwordless'],
])('a page may not write %j', (part, path) => {
  const profile = {
    cluster: { context: 'dev' },
    namespace: 'd',
    target: 'pod/x',
    port: 1,
    kind: 'postgres' as const,
    ...part,
  };
  for (const kind of ['add', 'change'] as const) {
    const refuse = () => refuseFromPage({ edit: { kind, name: 'x', profile } });
    expect(refuse).toThrow(expect.objectContaining({ code: 'SP-PAGE-LIMIT' }));
    expect(refuse).toThrow(path);
  }
});

it('a page may not let programs in without a password by an override either', () => {
  const edit = { kind: 'override', source: 'team', name: 'x' } as const;
  const refuse = (override: object) => () => refuseFromPage({ edit: { ...edit, override } });
  expect(refuse({ passwordless: ['/usr/bin/psql'] })).toThrow(
    expect.objectContaining({ code: 'SP-PAGE-LIMIT' }),
  );
  expect(refuse({ port: 15_432, off: true })).not.toThrow();
});

function named<T extends { name: string; profile: unknown }>({ name, profile }: T) {
  return { name, profile } as Pick<T, 'name' | 'profile'>;
}
