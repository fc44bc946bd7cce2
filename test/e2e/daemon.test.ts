import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { SocketControl } from '../../src/client/socket-control.ts';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { firstLine, tunnelOnce, useMachine, viewOf } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';

const machine = useMachine();

const net = (rest: object = {}) => ({
  cluster: { server: machine.sandbox.server },
  namespace: 'default',
  target: 'statefulset/net/0',
  port: 'identity',
  ...rest,
});

async function started(profiles: Record<string, object>, rest: object = {}) {
  await machine.home.writeProfiles({ profiles, ...rest });
  const daemon = await machine.home.start();
  machine.stack.defer(() => daemon[Symbol.asyncDispose]());
  const control = machine.stack.use(machine.home.control());
  return { daemon, control };
}

const uid = () => machine.sandbox.controls.pods.get('default/net-0')!.metadata.uid;
const isReady = { waitMs: 20_000 };

async function up(control: SocketControl, name: string) {
  const { outcomes } = await control.call('up', { names: [name], ...isReady });
  expect(outcomes[0]?.error).toBeUndefined();
  return outcomes[0]!.tunnel!;
}

/** As kill -9 leaves things: nothing is said, everything that the process had is gone. */
const abandoned = (daemon: Daemon) => daemon[Symbol.asyncDispose]();

describe('tunnels', () => {
  it('come up by name, serve, move with the pod, restart on the same port, and go down', async () => {
    const { control } = await started({ net: net() });
    const tunnel = await up(control, 'net');
    expect(tunnel).toMatchObject({ id: 'user/net', shown: 'ready', wanted: 'on' });
    const port = tunnel.localPort!;
    expect(await firstLine(port)).toBe(`net-0 ${uid()}`);

    const before = uid();
    machine.sandbox.controls.pods.delete('default/net-0');
    const moved = await tunnelOnce(
      control,
      'user/net',
      ({ state }) => state.kind === 'ready' && state.pod.uid !== before,
    );
    expect(moved.traffic.recoveries).toBe(1);
    expect(await firstLine(port)).toBe(`net-0 ${uid()}`);

    const { outcomes } = await control.call('restart', { names: ['net'], ...isReady });
    expect(outcomes[0]?.tunnel).toMatchObject({ shown: 'ready', localPort: port });
    const { history } = await control.call('tunnel', { name: 'net' });
    expect(history.map(({ shown }) => shown)).toContain('waiting');
    const { lines } = await control.call('logs', { name: 'net' });
    expect(lines.map(({ event }) => event)).toContain('tunnel state');
    const { sequence: after } = lines.at(-1)!;
    const further = control.call('logs', { name: 'net', after, waitMs: 20_000 });

    await control.call('down', { names: ['net'] });
    await expect(firstLine(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect((await further).lines[0]?.sequence).toBe(after + 1);
    expect((await up(control, 'net')).localPort).toBe(port);
  });

  it('share one engine, come up as a group, and pause and resume all', async () => {
    const { control } = await started(
      { a: net(), b: net({ port: 'echo' }), c: net() },
      { groups: { both: ['a', 'b'] } },
    );
    const { outcomes } = await control.call('up', { groups: ['both'], ...isReady });
    expect(outcomes.map(({ name, tunnel }) => [name, tunnel?.shown])).toEqual([
      ['user/a', 'ready'],
      ['user/b', 'ready'],
    ]);
    const { clusters } = await control.call('daemon', {});
    expect(clusters).toEqual([{ context: 'sandbox', server: machine.sandbox.server, tunnels: 2 }]);
    const paused = await control.call('pause', { all: true });
    expect(paused.outcomes.map(({ tunnel }) => tunnel?.shown)).toEqual(['paused', 'paused']);
    const resumed = await control.call('resume', { all: true, ...isReady });
    expect(resumed.outcomes.map(({ tunnel }) => tunnel?.shown)).toEqual(['ready', 'ready']);
    expect((await control.call('tunnels', {})).tunnels).toHaveLength(3);
  });

  it('need no profile', async () => {
    const { control } = await started({});
    const connection = { database: 'orders', user: 'app', password: { environment: 'ORDERS_PASSWORD' } };
    const adHoc = { name: 'quick', target: 'sts/net/0', port: 'identity', connection };
    const { outcomes } = await control.call('up', { adHoc: [adHoc], ...isReady });
    expect(outcomes[0]?.tunnel).toMatchObject({
      id: 'ad-hoc/quick',
      shown: 'ready',
      namespace: 'default',
      connection,
    });
    await control.call('down', { names: ['quick'] });
    expect((await control.call('tunnels', {})).tunnels).toEqual([]);
  });

  it('say who has their port, and take it when it is free', async () => {
    const other = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const { control } = await started({ net: net({ local: port }) });
    const { outcomes } = await control.call('up', { names: ['net'], ...isReady });
    expect(outcomes[0]?.tunnel).toMatchObject({
      shown: 'needs you',
      state: { kind: 'blocked', error: { code: 'SP-LOCAL-PORT-IN-USE', details: { profile: 'net' } } },
    });
    await new Promise((resolve) => other.close(resolve));
    await control.call('wake', {});
    await tunnelOnce(control, 'user/net', ({ shown }) => shown === 'ready');
  });

  it('go down with the client that holds their lease, and only with the last', async () => {
    const { control } = await started({ net: net() });
    const [one, two] = [machine.home.control(), machine.home.control()];
    const leases = [randomUUID(), randomUUID()];
    for (const [index, client] of [one, two].entries()) {
      const lease = leases[index]!;
      client.call('hold', { lease, waitMs: 600_000 }).catch(() => {});
      await client.call('up', { names: ['net'], lease, ...isReady });
    }
    // Ended without a word, as by kill -9.
    await one[Symbol.asyncDispose]();
    await control.call('hold', { lease: leases[1]! });
    expect((await control.call('tunnel', { name: 'net' })).tunnel.wanted).toBe('on');
    await two[Symbol.asyncDispose]();
    await tunnelOnce(control, 'user/net', ({ wanted }) => wanted === 'off');
  });

  it('wait for a cluster that is known by its UID and cannot be reached now', async () => {
    const config = JSON.parse(await readFile(machine.sandbox.kubeconfigPath, 'utf8'));
    const server = `https://127.0.0.1:${await freePort()}`;
    for (const { cluster } of config.clusters) cluster.server = server;
    machine.home.env.KUBECONFIG = join(machine.home.dir, 'kubeconfig');
    await writeFile(machine.home.env.KUBECONFIG, JSON.stringify(config));
    const { control } = await started({
      net: net({ cluster: { uid: 'c0ffee00-0000-4000-8000-000000000000' } }),
    });
    await control.call('up', { names: ['net'] });
    const tunnel = await tunnelOnce(control, 'user/net', ({ shown }) => shown === 'waiting');
    expect(tunnel.state).toMatchObject({ reason: { code: 'SP-API-UNREACHABLE', details: { server } } });
  });

  it('are answered for at once where their target is not there, and wait for it all the same', async () => {
    const { control } = await started({
      none: net({ target: 'service/none' }),
      far: net({ target: 'sts/net/7' }),
    });
    const { outcomes } = await control.call('up', { names: ['none', 'far'], waitMs: 600_000 });
    expect(outcomes.map(({ tunnel }) => tunnel)).toMatchObject([
      { wanted: 'on', state: { kind: 'waiting', reason: { code: 'SP-TARGET-NOT-FOUND' } } },
      { wanted: 'on', state: { kind: 'waiting', reason: { details: { scaledTo: expect.any(Number) } } } },
    ]);
  });

  it.each(['create', 'get'])(
    'that were refused to %s try at once when they are asked for again',
    async (verb) => {
      const allow = (isGranted: boolean) =>
        machine.sandbox.controls.setAccess(
          ({ user }, asked) => isGranted || user !== 'dev@example.com' || asked.verb !== verb,
        );
      allow(false);
      const { control } = await started({});
      const adHoc = [{ name: 'x', context: 'token', target: 'sts/net/0', port: 'identity' }];
      const again = async () => {
        const { outcomes } = await control.call('up', { adHoc, ...isReady });
        return outcomes[0]?.tunnel;
      };
      expect(await again()).toMatchObject({ state: { error: { code: 'SP-FORBIDDEN' } } });
      expect(await again()).toMatchObject({ state: { error: { code: 'SP-FORBIDDEN' } } });
      allow(true);
      expect(await again()).toMatchObject({ shown: 'ready' });
    },
  );

  it('tell names that nobody has what was meant', async () => {
    const { control } = await started({ 'orders-db': net() });
    const { outcomes } = await control.call('up', { names: ['order-db'] });
    expect(outcomes[0]?.error).toMatchObject({ code: 'SP-TUNNEL-UNKNOWN', details: { meant: 'orders-db' } });
    await expect(control.call('up', { groups: ['x'] })).rejects.toMatchObject({ code: 'SP-GROUP-UNKNOWN' });
  });
});

describe('what is wanted', () => {
  it('comes back on the same ports, and nothing else does', async () => {
    const { daemon, control } = await started({ a: net(), b: net(), c: net({ onDemand: true }), d: net() });
    const [a, d] = [await up(control, 'a'), await up(control, 'd')];
    await control.call('up', { adHoc: [{ name: 'e', target: 'sts/net/0', port: 7010 }], ...isReady });
    await control.call('pause', { names: ['d'] });
    await up(control, 'b');
    await control.call('down', { names: ['b', 'c'] });
    const shown = async () => {
      const { tunnels } = await control.call('tunnels', {});
      return tunnels.map(({ id, wanted, localPort }) => [id, wanted, localPort]).sort();
    };
    const before = await shown();
    await abandoned(daemon);
    machine.stack.use(await machine.home.start());
    expect(await shown()).toEqual(before);
    const back = await tunnelOnce(control, 'user/a', (tunnel) => tunnel.shown === 'ready');
    expect(back.upSinceMs).toBe(a.upSinceMs);
    expect(await firstLine(a.localPort!)).toBe(`net-0 ${uid()}`);
    await control.call('resume', { names: ['d'], ...isReady });
    expect(await firstLine(d.localPort!)).toBe(`net-0 ${uid()}`);
  });

  it('keeps the newest of its log and history over a restart of the daemon', async () => {
    const { daemon, control } = await started({ net: net() });
    await up(control, 'net');
    const past = async () => {
      const [{ lines }, { history }] = [
        await control.call('logs', { name: 'net' }),
        await control.call('tunnel', { name: 'net' }),
      ];
      return { lines, ready: history.filter(({ shown }) => shown === 'ready').length };
    };
    const before = await past();
    await abandoned(daemon);
    machine.stack.use(await machine.home.start());
    await tunnelOnce(control, 'user/net', ({ shown }) => shown === 'ready');
    const after = await past();
    expect(after.ready).toBe(before.ready + 1);
    const events = after.lines.map(({ event }) => event);
    expect(events.slice(0, before.lines.length)).toEqual(before.lines.map(({ event }) => event));
    const sequences = after.lines.map(({ sequence }) => sequence);
    expect(sequences[0]).toBeLessThanOrEqual(1 - before.lines.length);
    expect(sequences).toEqual(sequences.map((_, index) => sequences[0]! + index));
    const { lines: newest } = await control.call('logs', { name: 'net', limit: 1 });
    expect(newest).toEqual(after.lines.slice(-1));
    const { lines: since } = await control.call('logs', { name: 'net', after: 0 });
    expect(since[0]?.sequence).toBe(1);
  });

  it('comes back as needs you where the policy asks, with its port bound', async () => {
    const policy = { confirm: true, reason: { pattern: '^[A-Z]+-[0-9]+$' } };
    const { daemon, control } = await started({ net: net({ policy }) });
    const { outcomes } = await control.call('up', {
      names: ['net'],
      confirmed: true,
      reason: 'OPS-1',
      ...isReady,
    });
    const { localPort, shown, reason } = outcomes[0]!.tunnel!;
    expect({ shown, reason }).toEqual({ shown: 'ready', reason: 'OPS-1' });
    await abandoned(daemon);
    machine.stack.use(await machine.home.start());

    const { questions } = await viewOf(control, (view) => view.questions.size > 0);
    const [confirm] = [...questions.values()];
    expect(confirm).toMatchObject({ kind: 'confirm', tunnel: 'user/net' });
    const line = firstLine(localPort!);
    const first = await control.call('answer', { question: confirm!.id, answer: { kind: 'confirm' } });
    expect(first.tunnel).toMatchObject({
      shown: 'needs you',
      state: { error: { code: 'SP-REASON-REQUIRED' } },
    });
    const [question] = first.tunnel.questions;
    const answer = (text: string) =>
      control.call('answer', { question: question!, answer: { kind: 'reason', reason: text } });
    await expect(answer('because')).rejects.toMatchObject({ code: 'SP-REASON-MISMATCH' });
    await answer('OPS-2');
    // Who came meanwhile was held, not refused.
    expect(await line).toBe(`net-0 ${uid()}`);
    await expect(answer('OPS-3')).rejects.toMatchObject({ code: 'SP-QUESTION-GONE' });
  });

  it('does not come back where its time limit passed meanwhile, and is remembered so', async () => {
    const { daemon, control } = await started({ net: net({ policy: { timeLimit: '8h' } }) });
    const { localPort, upSinceMs, limit } = await up(control, 'net');
    expect(limit).toMatchObject({ kind: 'time', endsAtMs: upSinceMs! + 8 * 3_600_000, isNear: false });
    await abandoned(daemon);
    const nextDay = { ...systemClock, wallMs: () => Date.now() + 86_400_000 };
    const next = await machine.home.start({ clock: nextDay });
    machine.stack.defer(() => next[Symbol.asyncDispose]());
    const { tunnel } = await control.call('tunnel', { name: 'net' });
    expect(tunnel).toMatchObject({ wanted: 'off', state: { reason: { code: 'SP-TIME-LIMIT' } } });
    await expect(firstLine(localPort!)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await abandoned(next);
    expect(JSON.parse(await readFile(machine.home.places.wantedFile, 'utf8')).tunnels).toEqual([]);
  });

  it('keeps its port, but reaches no cluster, when a shared profile has changed under it', async () => {
    const project = join(machine.home.dir, 'project');
    await mkdir(project);
    const file = join(project, 'sallyport.yaml');
    const write = (profile: object) =>
      writeFile(file, JSON.stringify({ version: 1, profiles: { net: profile } }));
    await write(net());
    const { daemon, control } = await started({});
    const refused = await control.call('up', { names: ['net'], folder: project });
    expect(refused.outcomes[0]?.error?.code).toBe('SP-PROFILE-UNTRUSTED');

    const listed = async () => (await control.call('profiles', { folder: project })).profiles[0]!;
    await control.call('trust', { profile: 'net', folder: project, hash: (await listed()).hash });
    const { outcomes } = await control.call('up', { names: ['net'], folder: project, ...isReady });
    const { id, localPort } = outcomes[0]!.tunnel!;
    await abandoned(daemon);
    const other = await freePort();
    await write(net({ port: 'echo', local: other }));
    machine.stack.use(await machine.home.start());

    const asked = await tunnelOnce(control, id, ({ questions }) => questions.length > 0);
    expect(asked).toMatchObject({
      shown: 'needs you',
      addresses: [{ port: localPort }, { port: localPort }],
    });
    await expect(firstLine(other)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const { hash } = await listed();
    await control.call('answer', { question: asked.questions[0]!, answer: { kind: 'trust', hash } });
    const agreed = await tunnelOnce(control, id, ({ shown }) => shown === 'ready');
    expect(agreed.addresses[0]).toMatchObject({ port: other });
  });
});

describe('on demand', () => {
  it('binds its port from the start and touches nothing until a client comes', async () => {
    const local = await freePort();
    // A kubeconfig that would be an error the moment somebody reads it.
    const missing = join(machine.home.dir, 'kubeconfig');
    machine.home.env.KUBECONFIG = missing;
    const { control } = await started({ net: net({ onDemand: true, local }) });
    const [tunnel] = (await control.call('tunnels', {})).tunnels;
    expect(tunnel).toMatchObject({ wanted: 'on', shown: 'off', onDemand: true });
    expect(tunnel?.lastError).toBeUndefined();
    expect((await control.call('daemon', {})).clusters).toEqual([]);
    await writeFile(missing, await readFile(machine.sandbox.kubeconfigPath));
    expect(await firstLine(local)).toBe(`net-0 ${uid()}`);
    expect((await control.call('daemon', {})).clusters).toHaveLength(1);
  });
});

describe('a kubeconfig that changes', () => {
  it.each([
    ['the one whose context moves', ['moves', 'stays']],
    ['the other one', ['stays', 'moves']],
  ])(
    'takes a tunnel along where its context leads, and leaves the other: the engine is of %s',
    async (_name, order) => {
      const otherDir = await mkdtemp(join(tmpdir(), 'daemon-sandbox-'));
      machine.stack.defer(() => rm(otherDir, { recursive: true }));
      const other = machine.stack.use(await startSandbox({ dir: otherDir }));
      await other.controls.pods.until('default/net-0');
      const otherUid = other.controls.pods.get('default/net-0')!.metadata.uid;
      const [first, second] = await Promise.all(
        [machine.sandbox, other].map(async ({ kubeconfigPath }) =>
          JSON.parse(await readFile(kubeconfigPath, 'utf8')),
        ),
      );
      // Two contexts of one cluster and user, which share an engine until one of them leads elsewhere.
      const named = (name: string, given: { contexts: { name: string; context: object }[] }) => ({
        name,
        context: given.contexts.find((context) => context.name === 'sandbox')!.context,
      });
      const config = join(machine.home.dir, 'kubeconfig');
      const write = (moved: object) => writeFile(config, JSON.stringify(moved));
      await write({ ...first, contexts: [named('stays', first), named('moves', first)] });
      machine.home.env.KUBECONFIG = config;
      const { control } = await started({
        stays: net({ cluster: { context: 'stays' } }),
        moves: net({ cluster: { context: 'moves' } }),
      });
      const [moves, stays] = [await up(control, order[0]!), await up(control, order[1]!)]
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ localPort }) => localPort);
      expect((await control.call('daemon', {})).clusters).toHaveLength(1);

      const renamed = JSON.parse(JSON.stringify(second).replaceAll('"sandbox"', '"second"'));
      await write({
        ...first,
        clusters: [...first.clusters, ...renamed.clusters],
        users: [...first.users, renamed.users.find(({ name }: { name: string }) => name === 'second')],
        contexts: [
          named('stays', first),
          {
            name: 'moves',
            context: renamed.contexts.find(({ name }: { name: string }) => name === 'second').context,
          },
        ],
      });
      const led = await tunnelOnce(
        control,
        'user/moves',
        ({ state }) => state.kind === 'ready' && state.pod.uid === otherUid,
      );
      expect(led.cluster?.server).toBe(other.server);
      expect(await firstLine(moves!)).toBe(`net-0 ${otherUid}`);
      await tunnelOnce(
        control,
        'user/stays',
        ({ cluster, shown }) => cluster?.context === 'stays' && shown === 'ready',
      );
      expect(await firstLine(stays!)).toBe(`net-0 ${uid()}`);
      expect((await control.call('daemon', {})).clusters).toHaveLength(2);
    },
  );
});

it('an ad hoc tunnel stays where it was made when another context becomes the current one', async () => {
  const config = join(machine.home.dir, 'kubeconfig');
  const given = JSON.parse(await readFile(machine.sandbox.kubeconfigPath, 'utf8'));
  await writeFile(config, JSON.stringify(given));
  machine.home.env.KUBECONFIG = config;
  const { daemon, control } = await started({});
  await control.call('up', { adHoc: [{ name: 'x', target: 'sts/net/0', port: 7010 }], ...isReady });
  await writeFile(config, JSON.stringify({ ...given, 'current-context': 'token' }));
  await abandoned(daemon);
  machine.stack.use(await machine.home.start());
  const { cluster } = await tunnelOnce(control, 'ad-hoc/x', ({ shown }) => shown === 'ready');
  expect(cluster?.context).toBe('sandbox');
});

describe('questions to a cluster', () => {
  it('tell what a target resolves to, and why to nothing', async () => {
    const { control } = await started({ net: net(), none: net({ target: 'statefulset/none/0' }) });
    const found = await control.call('pods', { name: 'net' });
    expect(found).toMatchObject({
      context: 'sandbox',
      resolution: { kind: 'pod', pod: { uid: uid() }, port: 7010 },
    });
    const none = await control.call('pods', { name: 'none' });
    expect(none.resolution).toMatchObject({ kind: 'none', reason: { code: 'SP-TARGET-NOT-FOUND' } });
    expect((await control.call('tunnels', {})).tunnels.map(({ wanted }) => wanted)).toEqual(['off', 'off']);
  });

  it('tell what the user may do, and the least Role', async () => {
    machine.sandbox.controls.setAccess(
      ({ user }, { verb }) => user !== 'dev@example.com' || verb !== 'create',
    );
    const { control } = await started({});
    const password = { secret: { name: 'net-app', key: 'password' } };
    const adHoc = {
      name: 'x',
      context: 'token',
      target: 'statefulset/net/0',
      port: 'echo',
      connection: { password },
    };
    const { access, missingRole, leastRole } = await control.call('check', { adHoc });
    expect(access).toMatchObject({
      missing: [{ verb: 'create', resource: 'pods/portforward', name: 'net-0' }],
    });
    expect(missingRole).toContain('resourceNames: ["net-0"]');
    expect(leastRole).toContain('"pods"');
    expect(leastRole).toContain('resourceNames: ["net-app"]');
  });
});

describe('the daemon', () => {
  it('is one for a user, and private', async () => {
    const { daemon, control } = await started({});
    await expect(machine.home.start()).rejects.toMatchObject({
      code: 'SP-DAEMON-RUNNING',
      details: { pid: process.pid },
    });
    expect((await stat(machine.home.places.socket)).mode & 0o777).toBe(0o600);
    for (const path of [
      machine.home.places.runtime,
      machine.home.places.folders.data,
      machine.home.places.folders.log,
    ]) {
      expect((await stat(path)).mode & 0o777).toBe(0o700);
    }
    await control.call('shutdown', {});
    expect(daemon.asked.aborted).toBe(true);
    await daemon[Symbol.asyncDispose]();
    await expect(control.call('version', {})).rejects.toMatchObject({ code: 'SP-DAEMON-NOT-RUNNING' });
    machine.stack.use(await machine.home.start());
    expect((await control.call('version', {})).version).toBe('1.0.0-test');
  });

  it('forgets nothing where its state cannot be read: it does not start', async () => {
    await mkdir(machine.home.places.folders.data, { recursive: true, mode: 0o700 });
    await writeFile(machine.home.places.wantedFile, '{"version":1,');
    await expect(machine.home.start()).rejects.toMatchObject({ code: 'SP-STATE-UNREADABLE' });
    expect(await readFile(machine.home.places.wantedFile, 'utf8')).toBe('{"version":1,');
    expect(await readFile(machine.home.places.logFile, 'utf8')).toContain('SP-STATE-UNREADABLE');
  });

  it('keeps tokens out of its log, its state and what it says', async () => {
    const config = await readFile(machine.sandbox.kubeconfigPath, 'utf8');
    const token = /token"?:\s*"?([\w.-]{9,})/.exec(config)?.[1];
    expect(token?.length).toBeGreaterThan(8);
    const { control } = await started({});
    await control.call('up', {
      adHoc: [{ name: 'x', context: 'token', target: 'sts/net/0', port: 7010 }],
      ...isReady,
    });
    const said = [
      await readFile(machine.home.places.logFile, 'utf8'),
      await readFile(machine.home.places.wantedFile, 'utf8'),
      JSON.stringify(await viewOf(control, () => true)),
      JSON.stringify(await control.call('logs', { name: 'x' })),
    ];
    expect(said[0]!.length).toBeGreaterThan(500);
    for (const text of said) expect(text).not.toContain(token);
  });

  it('gives metrics as text', async () => {
    const { control } = await started({ net: net() });
    const { localPort } = await up(control, 'net');
    await firstLine(localPort!);
    await tunnelOnce(
      control,
      'user/net',
      ({ connections, traffic }) => connections === 0 && traffic.served === 1,
    );
    const { text } = await control.call('metrics', {});
    expect(text).toContain('sallyport_tunnels{state="ready"} 1');
    expect(text).toContain('sallyport_connections_total{tunnel="user/net",outcome="served"} 1');
    expect(Number(/received_bytes_total\{[^}]*\} (\d+)/.exec(text)?.[1])).toBeGreaterThan(10);
  });

  it('counts the watches that break off', async () => {
    const { control } = await started({ net: net() });
    await up(control, 'net');
    await expect.poll(() => machine.sandbox.controls.openWatches()).toBe(1);
    machine.sandbox.controls.expireWatches();
    await expect
      .poll(async () => (await control.call('metrics', {})).text)
      .toContain('sallyport_watch_restarts_total 1');
  });

  it('closes connections that say nothing of HTTP', async () => {
    await started({});
    const socket = connect(machine.home.places.socket);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {}).resume();
    socket.write('hello\r\n\r\n');
    await closed;
  });
});
