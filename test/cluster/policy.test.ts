import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SocketControl } from '../../src/client/socket-control.ts';
import type { OperationInput, OperationName } from '../../src/contract/control.ts';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { DaemonHome, firstLine, tunnelOnce } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';
import { netPod, netPorts, postgresLogin, postgresStatefulSet } from '../support/manifests.ts';
import { rawCall } from '../support/raw-control.ts';
import { describeOnRealcluster } from '../support/suite.ts';

const waitMs = 20_000;

/** Policies as a program meets them that speaks to the daemon's socket itself: no face is there to keep it from anything. */
describeOnRealcluster('policy', (suite) => {
  const { namespace } = suite;
  let home: DaemonHome;
  let daemon: Daemon;
  /** For what changes; whatever is asked for goes over the bare socket. */
  let control: SocketControl;
  const ports = { orders: 0, limited: 0, shared: 0, node: 0, demand: 0 };
  const asked = () => join(home.dir, 'asked.jsonl');
  const verdict = () => join(home.dir, 'verdict');

  const call = <N extends OperationName>(operation: N, input: OperationInput<N>) =>
    rawCall(home.places.socket, operation, input);
  const up = async (name: string, given: Partial<OperationInput<'up'>> = {}) => {
    const { outcomes } = await call('up', { names: [name], waitMs, ...given });
    return outcomes[0]!;
  };
  const recorded = async (event: string) =>
    (await call('audit', { filter: { events: [event] } })).records.map(({ record }) => record);
  const login = async (name: string, port: number) => {
    const answer = await call('password', { name });
    if (answer.kind !== 'found') throw new Error(answer.kind);
    const { user, database } = postgresLogin;
    return { host: '127.0.0.1', port, user, database, password: answer.password };
  };
  const requests = async () => {
    const text = await readFile(asked(), 'utf8').catch(() => '');
    return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  };
  const writeShared = async (policy: object) => {
    const file = join(home.dir, 'team/team.yaml');
    await mkdir(dirname(file), { recursive: true });
    const profile = { ...base(), target: 'pod/plain', port: netPorts.identity, local: ports.shared, policy };
    await writeFile(file, JSON.stringify({ version: 1, profiles: { shared: profile } }));
  };
  const base = () => ({ cluster: { server: suite.realcluster.server }, namespace });
  const postgres = () => ({
    ...base(),
    target: 'statefulset/database/0',
    port: 5432,
    kind: 'postgres',
    connection: {
      database: postgresLogin.database,
      user: postgresLogin.user,
      password: { environment: 'ORDERS_PASSWORD' },
    },
  });
  const writeOwn = (overrides: object = {}) =>
    home.writeProfiles({
      profiles: {
        limited: { ...postgres(), local: ports.limited, policy: { timeLimit: '8s' } },
        strict: { ...postgres(), policy: { superuser: 'forbid' } },
        one: { ...base(), target: 'pod/plain', port: netPorts.echo, policy: { maxConnections: 1 } },
        foreign: {
          ...base(),
          target: 'pod/plain',
          port: netPorts.identity,
          policy: { programs: ['/usr/bin/nobody-has-this'] },
        },
        node: {
          ...base(),
          target: 'pod/of-node',
          port: netPorts.identity,
          policy: { environment: 'production', confirm: true, reason: { pattern: '^OPS-[0-9]+$' } },
        },
        approved: {
          ...base(),
          target: 'pod/plain',
          port: netPorts.identity,
          policy: { environment: 'staging' },
        },
        demand: {
          ...base(),
          target: 'pod/plain',
          port: netPorts.identity,
          local: ports.demand,
          onDemand: true,
          policy: { environment: 'staging' },
        },
      },
      sources: { team: { folder: join(home.dir, 'team') } },
      overrides: { team: { shared: overrides } },
    });
  const writeSettings = async (settings: object) => {
    await writeFile(home.places.settingsFile, JSON.stringify(settings), { mode: 0o600 });
  };

  beforeAll(async () => {
    await suite.api.apply(
      netPod({ namespace, name: 'plain' }),
      onNode(netPod({ namespace, name: 'of-node' })),
      postgresStatefulSet({ namespace, name: 'database' }),
    );
    for (const name of ['plain', 'of-node', 'database-0']) await suite.api.readyPod({ namespace, name });
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
    home = await DaemonHome.create({
      KUBECONFIG: suite.realcluster.kubeconfig,
      ORDERS_PASSWORD: postgresLogin.password,
    });
    await writeShared({ timeLimit: '4h' });
    await writeOwn();
    const hook = join(home.dir, 'hook');
    await writeFile(hook, `#!/bin/sh\ncat >> '${asked()}'\n. '${verdict()}'\n`);
    await chmod(hook, 0o700);
    await writeFile(verdict(), 'echo ann; exit 0\n');
    await writeSettings({
      passwords: { keepIn: 'memory' },
      approval: { command: [hook], environments: ['staging'] },
    });
    daemon = await home.start();
    control = home.control();
  });
  afterAll(async () => {
    await control?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
    await home?.[Symbol.asyncDispose]();
  });

  test('a production tunnel opens only with a yes and a reason that fits, and then not into a pod of the node', async () => {
    expect((await up('node')).tunnel?.state).toMatchObject({ error: { code: 'SP-CONFIRM-REQUIRED' } });
    expect((await up('node', { confirmed: true, reason: 'because' })).error).toMatchObject({
      code: 'SP-REASON-MISMATCH',
    });
    const { tunnel } = await up('node', { confirmed: true, reason: 'OPS-1' });
    expect(tunnel).toMatchObject({
      shown: 'needs you',
      state: { error: { code: 'SP-HOST-NETWORK', details: { pod: 'of-node' } } },
    });
    expect(await readFile(suite.realcluster.auditLog, 'utf8')).not.toContain(
      `/namespaces/${namespace}/pods/of-node/portforward`,
    );
  });

  test('a team policy is tightened locally, and what would loosen it keeps the tunnel shut', async () => {
    await writeOwn({ policy: { timeLimit: '5h' } });
    await call('reload', {});
    expect((await up('team/shared')).error).toMatchObject({
      code: 'SP-PROFILE-INVALID',
      details: { message: expect.stringContaining('timeLimit must be at most 4h') },
    });
    await writeOwn({ policy: { timeLimit: '1h', maxConnections: 2 } });
    await call('reload', {});
    expect((await up('team/shared')).error).toMatchObject({ code: 'SP-PROFILE-UNTRUSTED' });
    const { profiles } = await call('profiles', {});
    const listed = profiles.find(({ id }) => id === 'team/shared')!;
    expect(listed.profile.policy).toEqual({ timeLimit: '1h', maxConnections: 2 });
    await call('trust', { profile: 'team/shared', hash: listed.hash });
    const { tunnel } = await up('team/shared');
    expect(tunnel).toMatchObject({ shown: 'ready', limit: { kind: 'time', limitMs: 3_600_000 } });
    expect(await firstLine(ports.shared)).toContain('plain');
    await call('down', { names: ['team/shared'] });
  });

  test('the number of connections and the programs are those of the policy', async () => {
    const one = (await up('one')).tunnel!.localPort!;
    const first = connect(one, '127.0.0.1');
    first.write('a');
    await once(first, 'data');
    await closed(one);
    first.write('b');
    await once(first, 'data');
    first.destroy();
    const foreign = (await up('foreign')).tunnel!.localPort!;
    await closed(foreign);
    const { tunnel } = await call('tunnel', { name: 'foreign' });
    expect(tunnel.lastError?.error.code).toBe('SP-PEER-DENIED');
  });

  test('a superuser is refused where the policy forbids it', async () => {
    const { tunnel } = await up('strict');
    const client = new Client(await login('strict', tunnel!.localPort!));
    await expect(client.connect()).rejects.toThrow('is a superuser');
  });

  test('a time limit is told of before it ends a session with 57P01, and a prolonged one counts anew', async () => {
    const { tunnel } = await up('limited');
    expect(tunnel?.limit).toMatchObject({ kind: 'time', limitMs: 8_000, isNear: false });
    const client = new Client(await login('limited', ports.limited));
    await client.connect();
    const told: (Error & { code?: string; hint?: string })[] = [];
    client.on('error', (error) => told.push(error));
    const near = await tunnelOnce(control, 'user/limited', ({ limit }) => limit?.isNear === true);
    expect(near.shown).toBe('ready');
    const prolonged = await up('limited', { prolong: true });
    expect(prolonged.tunnel?.limit).toMatchObject({ isNear: false });
    expect(prolonged.tunnel!.limit!.endsAtMs).toBeGreaterThan(near.limit!.endsAtMs);
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    const ended = await tunnelOnce(control, 'user/limited', ({ wanted }) => wanted === 'off');
    await expect
      .poll(() => told[0])
      .toMatchObject({
        code: '57P01',
        message: expect.stringContaining('time limit of 8s was over'),
        hint: 'sallyport up limited',
      });
    expect(ended.state).toMatchObject({ kind: 'off', reason: { code: 'SP-TIME-LIMIT' } });
    const { lines } = await call('logs', { name: 'limited' });
    expect(lines.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['its limit is near', 'prolonged', 'ended by its policy']),
    );
  });

  test('a program has to approve: its no is shown, its yes is on record, and one on demand asks at its first client', async () => {
    await writeFile(verdict(), 'echo "not on Fridays" >&2; exit 1\n');
    const refused = await up('approved');
    expect(refused.tunnel).toMatchObject({
      shown: 'needs you',
      state: { error: { code: 'SP-APPROVAL-REFUSED', details: { message: 'not on Fridays' } } },
    });
    await expect(call('tunnel', { name: 'approved' })).resolves.toMatchObject({
      tunnel: { addresses: [{}, {}] },
    });
    await writeFile(verdict(), 'echo ann; exit 0\n');
    expect((await up('approved')).tunnel?.shown).toBe('ready');
    expect(await requests()).toMatchObject([
      { tunnel: 'user/approved', by: 'asked', policy: { environment: 'staging' } },
      { tunnel: 'user/approved' },
    ]);
    expect(await firstLine(ports.demand)).toContain('plain');
    const [, , demand] = await requests();
    expect(demand).toMatchObject({ tunnel: 'user/demand', by: 'on-demand', client: { pid: process.pid } });
    await expect
      .poll(() => recorded('tunnel-denied'), { timeout: 10_000 })
      .toMatchObject([
        { tunnel: 'user/node', error: { code: 'SP-REASON-MISMATCH' } },
        { tunnel: 'team/shared', error: { code: 'SP-PROFILE-INVALID' } },
        { tunnel: 'team/shared', error: { code: 'SP-PROFILE-UNTRUSTED' } },
        { tunnel: 'user/approved', error: { code: 'SP-APPROVAL-REFUSED' } },
      ]);
    await expect
      .poll(() => recorded('tunnel-opened'), { timeout: 10_000 })
      .toEqual(
        expect.arrayContaining([
          expect.objectContaining({ tunnel: 'user/approved', approvedBy: 'ann' }),
          expect.objectContaining({ tunnel: 'user/demand', by: 'on-demand', approvedBy: 'ann' }),
        ]),
      );
  });
});

/** Resolves when a new connection was closed without a byte. */
function closed(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.once('data', () => reject(new Error('it was answered'))).once('close', () => resolve());
  });
}

function onNode(pod: ReturnType<typeof netPod>): ReturnType<typeof netPod> {
  return { ...pod, spec: { ...(pod.spec as object), hostNetwork: true } };
}
