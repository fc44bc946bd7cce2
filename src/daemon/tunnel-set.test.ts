import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeAudit } from '../../test/support/fake-audit.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { until } from '../../test/support/tunnel-fixture.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import { operations } from '../contract/control.ts';
import type { AdHoc } from '../contract/control-tunnel.ts';
import type { PolicyFloor } from '../contract/policy.ts';
import { ProfileStore } from '../profile/profile-store.ts';
import type { ClusterPool } from './cluster-pool.ts';
import { QuestionBoard } from './question-board.ts';
import { TunnelSet } from './tunnel-set.ts';
import { WantedFile } from './wanted-file.ts';
import { projectsOf } from './wanted-record.ts';

let home: string;
let stack: AsyncDisposableStack;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tunnel-set-'));
  stack = new AsyncDisposableStack();
});
afterEach(async () => {
  await stack.disposeAsync();
  await rm(home, { recursive: true });
});
afterAll(expectNoHandles);

const userFile = () => join(home, 'config/profiles.yaml');
const projectFile = (name = 'shop') => join(home, name, 'sallyport.yaml');
const wantedFile = () => join(home, 'wanted.json');

const write = async (file: string, profiles: Record<string, object>) => {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ version: 1, profiles }));
};

const net = (rest: object = {}) => ({
  cluster: { context: 'prod' },
  namespace: 'data',
  target: 'statefulset/postgres/0',
  port: 5432,
  ...rest,
});

/** The tunnels of a daemon that finds no cluster: its clients are held, and it is counted how often a cluster was looked for. */
async function started(floor: PolicyFloor = {}) {
  const clock = new FakeClock();
  const wanted = new WantedFile({ path: wantedFile(), log: silentLog });
  const profiles = new ProfileStore({
    userFile: userFile(),
    trustFile: join(home, 'data/trust.json'),
    gitCache: join(home, 'git'),
    home,
    environment: {},
    clock,
    log: silentLog,
    checkTarget: () => undefined,
    schemaLocation: './s.json',
  });
  let loads = 0;
  profiles.onChange(() => loads++);
  await wanted.load();
  await profiles.addProjects(projectsOf(wanted));
  await profiles.load();
  let lookups = 0;
  const questions = new QuestionBoard(clock, { onAsked() {}, onGone() {} });
  const tunnels: TunnelSet = new TunnelSet({
    clock,
    log: silentLog,
    home,
    // Never reached: there is no context.
    clusters: {} as ClusterPool,
    questions,
    passwords: { find: async () => ({ kind: 'none' }) },
    certificates: { authority: async () => undefined, client: async () => undefined },
    gatewayPasswords: { of: () => Promise.reject(new AppError('SP-KEYCHAIN')) },
    localAuthority: { tlsOf: () => Promise.reject(new AppError('SP-KEYCHAIN')) },
    statements: { read: async () => ({ kind: 'unread' }) },
    peers: { ownerOf: async () => ({ kind: 'absent' }), prepare: async () => {}, [Symbol.dispose]() {} },
    contextOf: async () => {
      lookups++;
      throw new AppError('SP-CLUSTER-UNKNOWN');
    },
    profiles,
    wanted,
    audit: new FakeAudit(),
    approve: () => undefined,
    floor: () => floor,
    recovered() {},
    changed: () => tunnels?.wakeWaiting(),
    gone() {},
    currentContext: async () => 'current',
  });
  stack.use(profiles);
  stack.use(tunnels);
  await tunnels.restore();
  const { signal } = new AbortController();
  const up = async (given: { names?: string[]; adHoc?: AdHoc[]; folder?: string; lease?: string }) => {
    const { outcomes } = await tunnels.up(operations.up.input.parse(given), signal);
    return outcomes[0]!;
  };
  const down = async (name: string, folder?: string) => {
    const { outcomes } = await tunnels.down(operations.down.input.parse({ names: [name], folder }));
    return outcomes[0]!;
  };
  const end = async () => {
    await tunnels[Symbol.asyncDispose]();
    await profiles[Symbol.asyncDispose]();
    await wanted.saved();
  };
  return {
    clock,
    tunnels,
    profiles,
    wanted,
    questions,
    up,
    down,
    end,
    loads: () => loads,
    lookups: () => lookups,
  };
}

async function client(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  stack.defer(() => void socket.destroy());
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  return socket;
}

const portOf = (tunnels: TunnelSet, id: string) => tunnels.get(id)!.entity.localPort!;
const stored = async () => JSON.parse(await readFile(wantedFile(), 'utf8'));

describe('a name of an ad hoc tunnel that is up', () => {
  const adHoc: AdHoc = { name: 'db', target: 'pod/postgres-0', port: 5432, namespace: 'data' };

  it.each<[string, Partial<AdHoc>]>([
    ['target', { target: 'pod/postgres-1' }],
    ['namespace', { namespace: 'prod' }],
    ['context', { context: 'other' }],
    ['kubeconfig', { kubeconfig: '/other' }],
    ['port', { port: 6432 }],
  ])('never answers for another %s', async (_what, other) => {
    const { up, tunnels } = await started();
    expect((await up({ adHoc: [adHoc] })).error).toBeUndefined();
    const refused = await up({ adHoc: [{ ...adHoc, ...other }] });
    expect(refused).toMatchObject({
      name: 'ad-hoc/db',
      error: {
        code: 'SP-TUNNEL-TAKEN',
        details: { name: 'db', leadsTo: 'pod/postgres-0 port 5432, namespace data, context current' },
      },
    });
    expect(tunnels.get('ad-hoc/db')?.entity).toMatchObject({ target: 'pod/postgres-0', namespace: 'data' });
    expect((await stored()).tunnels[0].adHoc).toMatchObject({ ...adHoc, context: 'current' });
  });

  it('answers for the same place, after a restart of the daemon too, and is free when it is down', async () => {
    const { up, end } = await started();
    await up({ adHoc: [adHoc] });
    expect((await up({ adHoc: [adHoc] })).error).toBeUndefined();
    await end();
    const next = await started();
    expect((await next.up({ adHoc: [adHoc] })).error).toBeUndefined();
    await next.down('db');
    const moved = await next.up({ adHoc: [{ ...adHoc, target: 'pod/postgres-1' }] });
    expect(moved.tunnel?.target).toBe('pod/postgres-1');
  });

  it('is free where it could not come up', async () => {
    const { up, tunnels } = await started();
    expect((await up({ adHoc: [{ ...adHoc, target: 'nonsense/of/a/kind' }] })).error).toBeDefined();
    expect(tunnels.all).toEqual([]);
    expect((await up({ adHoc: [adHoc] })).error).toBeUndefined();
  });
});

describe('a tunnel that outlives its profile', () => {
  it('is still named by its name when the profile is gone', async () => {
    await write(userFile(), { r: net(), s: net() });
    const { up, down, tunnels, profiles } = await started();
    await up({ names: ['r'] });
    await write(userFile(), { s: net() });
    await profiles.load();
    expect((await tunnels.find('r')).entity).toMatchObject({ id: 'user/r', wanted: 'on' });
    expect((await up({ names: ['r'] })).error).toMatchObject({ code: 'SP-PROFILE-UNKNOWN' });
    expect((await down('r')).tunnel?.wanted).toBe('off');
    await expect(tunnels.find('r')).rejects.toMatchObject({ code: 'SP-TUNNEL-UNKNOWN' });
  });

  it('is taken down by its name when the profile has a typing error', async () => {
    await write(userFile(), { r: net() });
    const { up, down, profiles, tunnels } = await started();
    await up({ names: ['r'] });
    await write(userFile(), { r: net({ prot: 1 }) });
    await profiles.load();
    const { error } = await up({ names: ['r'] });
    expect(error).toMatchObject({ code: 'SP-PROFILE-INVALID' });
    expect(error?.details.message).toContain(`${userFile()}:1`);
    expect((await down('r')).tunnel?.wanted).toBe('off');
    expect(tunnels.get('user/r')?.running).toBeUndefined();
  });
});

describe('an on-demand tunnel whose consent is gone', () => {
  async function ofProject() {
    await write(projectFile(), { od: net({ onDemand: true }) });
    const daemon = await started();
    const { profiles, tunnels } = daemon;
    const { file } = await profiles.addProject(dirname(projectFile()));
    const id = `${file}/od`;
    const hash = profiles.snapshot.profiles[0]!.hash;
    await profiles.agree(id, hash);
    await until(() => (tunnels.get(id)?.entity.addresses.length ?? 0) > 0);
    return { ...daemon, id, hash };
  }

  it('serves nobody after a withdrawal while it slept, and asks for the agreement', async () => {
    const { profiles, tunnels, questions, lookups, id, hash } = await ofProject();
    const port = portOf(tunnels, id);
    await profiles.withdraw(id);
    await until(() => tunnels.get(id)?.running?.problem !== undefined);
    await until(() => (tunnels.get(id)?.entity.addresses.length ?? 0) > 0);
    await client(port);
    await until(() => questions.all.length > 0);
    expect(tunnels.get(id)?.state).toMatchObject({
      kind: 'blocked',
      error: { code: 'SP-PROFILE-UNTRUSTED' },
    });
    expect(lookups()).toBe(0);
    await profiles.agree(id, hash);
    await until(
      () => tunnels.get(id)?.running?.problem === undefined && tunnels.get(id)?.running !== undefined,
    );
    await until(() => (tunnels.get(id)?.entity.addresses.length ?? 0) > 0);
    await client(port);
    await until(() => lookups() > 0);
  });

  it('ends what runs when it is withdrawn', async () => {
    const { profiles, tunnels, lookups, id } = await ofProject();
    const socket = await client(portOf(tunnels, id));
    await until(() => lookups() > 0);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await profiles.withdraw(id);
    await closed;
    await until(() => tunnels.get(id)?.running?.problem?.code === 'SP-PROFILE-UNTRUSTED');
  });

  it('wakes up by its profile as it is, not as it was when it fell asleep', async () => {
    await write(userFile(), { od: net({ onDemand: true }) });
    const { profiles, tunnels, lookups } = await started();
    const port = portOf(tunnels, 'user/od');
    await write(userFile(), { od: net({ onDemand: true, target: 'statefulset/postgres/1' }) });
    await profiles.load();
    await until(() => tunnels.get('user/od')?.running?.profile.target === 'statefulset/postgres/1');
    await until(() => tunnels.get('user/od')!.entity.addresses.length > 0);
    await client(port);
    await until(() => lookups() > 0);
  });

  it.each([
    ['switched off', { od: net({ onDemand: true, off: true }) }],
    ['gone', {}],
    ['on demand no more', { od: net() }],
  ])('has no port where its profile is %s', async (_what, then) => {
    await write(userFile(), { od: net({ onDemand: true }), other: net() });
    const { profiles, tunnels, lookups } = await started();
    const port = portOf(tunnels, 'user/od');
    await write(userFile(), { ...then, other: net() });
    await profiles.load();
    await until(() => tunnels.get('user/od')?.running === undefined);
    await expect(client(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(lookups()).toBe(0);
  });

  it('falls asleep before it takes up what its profile says', async () => {
    await write(userFile(), { od: net({ onDemand: true, policy: { idleLimit: '1m' } }) });
    const { clock, profiles, tunnels, lookups } = await started();
    const socket = await client(portOf(tunnels, 'user/od'));
    await until(() => lookups() > 0);
    await write(userFile(), { od: net({ onDemand: true, off: true }) });
    await profiles.load();
    expect(tunnels.get('user/od')?.entity.connections).toBe(1);
    socket.destroy();
    await until(() => tunnels.get('user/od')?.entity.connections === 0);
    clock.advance(60_000);
    await until(() => tunnels.get('user/od')?.running === undefined);
  });
});

describe('tunnels on lease', () => {
  const [one, two] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
  const a = (tunnels: TunnelSet) => tunnels.get('user/a')?.wanted;

  it('stay up under the second of two runs when the first ends', async () => {
    await write(userFile(), { a: net() });
    const { up, tunnels } = await started();
    await Promise.all([up({ names: ['a'], lease: one }), up({ names: ['a'], lease: two })]);
    await tunnels.leases.release(one);
    expect(a(tunnels)).toBe('on');
    await tunnels.leases.release(two);
    expect(a(tunnels)).toBe('off');
  });

  it('stay up where somebody brings them up meanwhile, and down where somebody takes them down', async () => {
    await write(userFile(), { a: net() });
    const { up, down, tunnels, wanted } = await started();
    await up({ names: ['a'], lease: one });
    await up({ names: ['a'] });
    await tunnels.leases.release(one);
    expect(a(tunnels)).toBe('on');
    expect(wanted.tunnels.get('user/a')?.wanted).toBe('on');
    await down('a');
    await up({ names: ['a'], lease: two });
    await down('a');
    await tunnels.leases.release(two);
    expect(a(tunnels)).toBe('off');
  });

  it('are not wanted by the next daemon, and those that were paused are paused again', async () => {
    await write(userFile(), { a: net(), b: net() });
    const { up, tunnels, end } = await started();
    await up({ names: ['b'] });
    await tunnels.pause(operations.pause.input.parse({ names: ['b'] }));
    await up({ names: ['a'], lease: one });
    await up({ names: ['b'], lease: one });
    expect(tunnels.all.map(({ wanted }) => wanted)).toEqual(['on', 'on']);
    await end();
    const next = await started();
    expect(next.tunnels.all.map(({ wanted }) => wanted)).toEqual(['off', 'paused']);
    await next.up({ names: ['b'], lease: one });
    await next.tunnels.leases.release(one);
    expect(next.tunnels.get('user/b')?.wanted).toBe('paused');
  });
});

describe('a restart of the daemon', () => {
  it("binds the port of a project's on-demand profile that nobody asked for", async () => {
    await write(projectFile(), { od: net({ onDemand: true }) });
    const { profiles, tunnels, end, wanted } = await started();
    const { file } = await profiles.addProject(dirname(projectFile()));
    await profiles.agree(`${file}/od`, profiles.snapshot.profiles[0]!.hash);
    await until(() => (tunnels.get(`${file}/od`)?.entity.addresses.length ?? 0) > 0);
    const port = portOf(tunnels, `${file}/od`);
    await until(() => wanted.projects.length > 0);
    await end();
    const next = await started();
    expect(portOf(next.tunnels, `${file}/od`)).toBe(port);
    await client(port);
  });

  it('adds all projects with one load', async () => {
    const names = ['a', 'b', 'c'];
    for (const name of names) await write(projectFile(name), { [name]: net() });
    const { profiles, up, end } = await started();
    for (const name of names) {
      const folder = dirname(projectFile(name));
      const { file } = await profiles.addProject(folder);
      const { hash } = profiles.snapshot.profiles.find(({ id }) => id === `${file}/${name}`)!;
      await profiles.agree(`${file}/${name}`, hash);
      expect((await up({ names: [name], folder })).error).toBeUndefined();
    }
    await end();
    const next = await started();
    expect(next.tunnels.all.map(({ wanted }) => wanted)).toEqual(['on', 'on', 'on']);
    expect(next.loads()).toBe(1);
  });

  it('leaves nothing of an on-demand profile that was taken down and is gone', async () => {
    await write(userFile(), { od: net({ onDemand: true }), other: net() });
    const { down, end } = await started();
    await down('od');
    expect((await stored()).tunnels).toEqual([{ id: 'user/od', wanted: 'off' }]);
    await end();
    await write(userFile(), { other: net() });
    const next = await started();
    expect(next.tunnels.all.map(({ id }) => id)).toEqual(['user/other']);
    await next.end();
    expect(await stored()).toMatchObject({ tunnels: [], ports: {} });
  });
});

describe('the floor of the settings', () => {
  const adHoc: AdHoc = { name: 'db', target: 'pod/postgres-0', port: 5432, namespace: 'data' };

  it('bounds what no profile describes too, and is no part of what is remembered of it', async () => {
    const { up, tunnels, end } = await started({ all: { maxConnections: 2, reason: true } });
    await up({ adHoc: [adHoc] });
    expect(tunnels.get('ad-hoc/db')!.entity).toMatchObject({
      state: { error: { code: 'SP-REASON-REQUIRED' } },
    });
    await end();
    expect((await stored()).tunnels[0].adHoc).not.toHaveProperty('policy');

    const again = await started({ all: { confirm: true } });
    expect(again.tunnels.get('ad-hoc/db')!.entity).toMatchObject({
      wanted: 'on',
      state: { error: { code: 'SP-CONFIRM-REQUIRED' } },
    });
  });

  it('counts for a database whose kind nobody said, which is the same tunnel as where it was said', async () => {
    const floor: { all?: PolicyFloor['all'] } = { all: { readOnly: true } };
    const { up, tunnels } = await started(floor);
    expect((await up({ adHoc: [adHoc] })).error).toMatchObject({ code: 'SP-POLICY-UNENFORCED' });
    floor.all = {};
    expect((await up({ adHoc: [adHoc] })).tunnel).toMatchObject({ kind: 'postgres' });
    expect((await up({ adHoc: [{ ...adHoc, kind: 'postgres' }] })).error).toBeUndefined();
    expect(tunnels.get('ad-hoc/db')!.entity.profileChanged).toBe(false);
  });

  it('counts for one that is up from its next start on, which it says', async () => {
    const floor: { all?: PolicyFloor['all'] } = {};
    const { up, tunnels } = await started(floor);
    await up({ adHoc: [adHoc] });
    const { entity } = tunnels.get('ad-hoc/db')!;
    expect(entity.profileChanged).toBe(false);
    floor.all = { confirm: true };
    tunnels.floorChanged();
    expect(tunnels.get('ad-hoc/db')!.entity.profileChanged).toBe(true);
    await tunnels.get('ad-hoc/db')!.restart();
    expect(tunnels.get('ad-hoc/db')!.state).toMatchObject({ error: { code: 'SP-CONFIRM-REQUIRED' } });
  });

  it('refuses what only a gateway could see to, where there is none', async () => {
    const { up } = await started({ all: { readOnly: true } });
    const { error } = await up({ adHoc: [{ ...adHoc, kind: 'postgres' }] });
    expect(error).toMatchObject({ code: 'SP-POLICY-UNENFORCED', details: { policy: 'readOnly' } });
    expect((await up({ adHoc: [{ ...adHoc, kind: 'redis' }] })).error).toBeUndefined();
  });
});

it('takes no port that is kept for a tunnel that is down', async () => {
  await write(userFile(), { a: net() });
  const { up, down, tunnels } = await started();
  await up({ names: ['a'] });
  const kept = portOf(tunnels, 'user/a');
  await down('a');
  const { listen } = Server.prototype;
  const offered = vi.spyOn(Server.prototype, 'listen').mockImplementationOnce(function (this: Server, at) {
    // The system offers that very port first.
    return listen.call(this, { ...(at as object), port: kept });
  });
  await up({ adHoc: [{ name: 'db', target: 'pod/postgres-0', port: 5432, namespace: 'data' }] });
  expect(offered).toHaveBeenCalled();
  offered.mockRestore();
  expect(portOf(tunnels, 'ad-hoc/db')).not.toBe(kept);
  await up({ names: ['a'] });
  expect(tunnels.get('user/a')!.entity.addresses).toMatchObject([{ port: kept }, { port: kept }]);
});
