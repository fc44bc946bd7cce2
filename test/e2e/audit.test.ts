import { once } from 'node:events';
import { mkdir, readFile, realpath, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { readKnownKeys } from '../../src/audit/known-keys.ts';
import { logFiles } from '../../src/audit/log-files.ts';
import { verify } from '../../src/audit/verify.ts';
import { verifyAll } from '../../src/audit/verify-all.ts';
import { systemClock } from '../../src/base/clock.ts';
import { createLog, silentLog } from '../../src/base/log.ts';
import { LateWitness } from '../../src/cli/late-witness.ts';
import type { SocketControl } from '../../src/client/socket-control.ts';
import type { AuditRecord } from '../../src/contract/audit-event.ts';
import { ForwardAudit } from '../../src/daemon/forward-audit.ts';
import { runForward } from '../../src/engine/run-forward.ts';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { type DaemonHome, firstLine, tunnelOnce, useMachine } from '../support/daemon-fixture.ts';
import { hasIpv6 } from '../support/has-ipv6.ts';
import { connectAs, mayBeOtherUser, otherUid, outputOf } from '../support/other-user.ts';
import { mayMount, SmallDisk } from '../support/small-disk.ts';

const machine = useMachine();
const folderOf = (home: DaemonHome) => join(home.places.auditFolder, 'daemon');
const keychain = new MemoryKeychain();

async function records(home: DaemonHome): Promise<AuditRecord[]> {
  const files = await logFiles(folderOf(home));
  const texts = await Promise.all(files.map(({ path }) => readFile(path, 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as AuditRecord),
  );
}

/** Once the log has an event that `accept` takes. */
function recorded(home: DaemonHome, accept: (record: AuditRecord) => boolean): Promise<AuditRecord> {
  return vi.waitFor(
    async () => {
      const found = (await records(home)).find(accept);
      if (!found) throw new Error('not recorded yet');
      return found;
    },
    { timeout: 10_000 },
  );
}

const is = (event: string) => (record: AuditRecord) => record.event === event;

async function daemonWith(profiles: object): Promise<SocketControl> {
  const { home, stack } = machine;
  await home.writeProfiles({ profiles });
  const daemon = await home.start({ keychain });
  stack.defer(() => daemon[Symbol.asyncDispose]());
  return stack.use(home.control());
}

function net(rest: object = {}) {
  const cluster = { server: machine.sandbox.server };
  return { cluster, namespace: 'default', target: 'statefulset/net/0', port: 'identity', ...rest };
}

async function upPort(control: SocketControl, given: object = {}): Promise<number> {
  const { outcomes } = await control.call('up', { names: ['net'], waitMs: 20_000, ...given });
  expect(outcomes[0]?.error).toBeUndefined();
  return outcomes[0]!.tunnel!.localPort!;
}

describe('the audit log of the daemon', () => {
  it('has a tunnel from its opening to its end, with pod, session, peer and bytes', async () => {
    const { home } = machine;
    const policy = { environment: 'production', reason: true };
    const control = await daemonWith({ net: net({ port: 'echo', policy }) });
    const port = await upPort(control, { reason: 'OPS-1' });
    // A production tunnel is not open before that is on disk.
    const atOnce = await records(home);
    const opened = atOnce.find(is('tunnel-opened'));
    expect(opened).toMatchObject({
      tunnel: 'user/net',
      profile: 'user/net',
      target: 'statefulset/net/0',
      namespace: 'default',
      local: (await hasIpv6()) ? [`127.0.0.1:${port}`, `[::1]:${port}`] : [`127.0.0.1:${port}`],
      by: 'asked',
      environment: 'production',
      reason: 'OPS-1',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const client = await open(port);
    const connection = await recorded(home, is('connection-opened'));
    client.destroy();
    const pod = {
      namespace: 'default',
      name: 'net-0',
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      node: expect.any(String),
    };
    expect(connection).toMatchObject({
      tunnel: 'user/net',
      cluster: machine.sandbox.server,
      connection: 1,
      pod,
      port: expect.any(Number),
      heldMs: expect.any(Number),
      ...(process.platform === 'linux' && {
        peer: { uid: process.geteuid?.(), pid: process.pid, program: await realpath(process.execPath) },
      }),
    });
    expect(Object.keys(connection.pod as object).sort()).toEqual(['name', 'namespace', 'node', 'uid']);
    const closed = await recorded(home, is('connection-closed'));
    expect(closed).toMatchObject({
      connection: 1,
      pod,
      peer: connection.peer,
      sentBytes: 6,
      receivedBytes: 6,
    });
    const session = await recorded(
      home,
      (record) => record.event === 'session-opened' && record.auditId === connection.auditId,
    );
    expect(session).toMatchObject({ cluster: machine.sandbox.server, pod });
    expect(await recorded(home, is('identity'))).toMatchObject({
      cluster: machine.sandbox.server,
      user: expect.any(String),
      groups: expect.any(Array),
    });
    await control.call('down', { names: ['net'] });
    expect(await recorded(home, is('tunnel-closed'))).toMatchObject({ tunnel: 'user/net', why: 'asked' });
    const { records: listed } = await control.call('audit', {
      filter: { tunnel: 'net', events: ['tunnel-opened', 'tunnel-closed'] },
    });
    expect(listed.map(({ log, record }) => [log, record.event])).toEqual([
      ['daemon', 'tunnel-opened'],
      ['daemon', 'tunnel-closed'],
    ]);
    const { logs } = await control.call('auditVerify', {});
    expect(logs).toMatchObject([{ log: 'daemon', verdict: { files: 1 } }]);
    const states = (await records(home)).filter(is('tunnel-state'));
    expect(states.map(({ state }) => state)).toContain('ready');
    expect(states.find(({ state }) => state === 'ready')).toMatchObject({ pod });
  });

  it('is asked for what was recorded before the question, however short before', async () => {
    const control = await daemonWith({ net: net() });
    const filter = { events: ['tunnel-closed' as const] };
    for (let times = 1; times <= 10; times++) {
      await upPort(control);
      await control.call('down', { names: ['net'] });
      expect((await control.call('audit', { filter })).records).toHaveLength(times);
    }
  });

  it('says of the end of its writer, marks sessions that served nobody, and is proven by the key of this machine', async () => {
    const { home } = machine;
    await home.writeProfiles({ profiles: { net: net() } });
    const daemon = await home.start({ keychain });
    const control = machine.stack.use(home.control());
    await firstLine(await upPort(control));
    await recorded(home, is('connection-closed'));
    // Sessions that are kept ready come a moment later.
    await expect
      .poll(async () => (await records(home)).filter(is('session-opened')).length)
      .toBeGreaterThan(1);
    await daemon[Symbol.asyncDispose]();
    const all = await records(home);
    expect(all.map(({ event }) => event)).toContain('writer-ended');
    expect(all.findLast(is('tunnel-closed'))).toMatchObject({ why: 'daemon-ended' });
    const served = all.filter(is('session-closed')).map(({ served: count }) => count);
    expect(served).toContain(0);
    expect(served).toContain(1);
    const keys = await readKnownKeys(home.places.auditFolder);
    expect(keys).toMatchObject([{ kept: { in: 'memory' } }]);
    const trustedKeys = keys!.map(({ key }) => key);
    expect(await verify({ folder: folderOf(home), trustedKeys })).toMatchObject({
      kind: 'intact',
      unsignedLines: 0,
    });
  });

  it('records what happens to profiles and their policy, and what was asked for in vain', async () => {
    const { home } = machine;
    const control = await daemonWith({ net: net(), other: net() });
    await home.writeProfiles({
      profiles: {
        net: net({ policy: { environment: 'staging', reason: { pattern: '^OPS-' } } }),
        third: net(),
      },
    });
    await control.call('reload', {});
    expect(await recorded(home, is('policy-changed'))).toMatchObject({
      profile: 'user/net',
      changes: [
        { path: 'policy.environment', after: '"staging"' },
        { path: 'policy.reason.pattern', after: '"^OPS-"' },
      ],
    });
    const changes = (await records(home)).filter(is('profile-changed'));
    expect(changes.map(({ profile, change }) => [profile, change])).toEqual([
      ['user/net', 'changed'],
      ['user/third', 'added'],
      ['user/other', 'removed'],
    ]);
    const { outcomes } = await control.call('up', { names: ['net'], reason: 'because' });
    expect(outcomes[0]?.error?.code).toBe('SP-REASON-MISMATCH');
    expect(await recorded(home, is('tunnel-denied'))).toMatchObject({
      tunnel: 'user/net',
      error: { code: 'SP-REASON-MISMATCH' },
      reason: 'because',
    });
  });

  it('has which secret was read, never what', async () => {
    const { home } = machine;
    const canary = 'c4nary-9f8e7d6c5b4a';
    await mkdir(home.places.folders.config, { recursive: true, mode: 0o700 });
    const path = join(home.dir, 'password');
    await writeFile(path, `${canary}\n`, { mode: 0o600 });
    const connection = { user: 'app', database: 'orders', password: { file: path } };
    const control = await daemonWith({
      // Without the gateway, or it would be the tunnel's own password that is given.
      net: net({ kind: 'postgres', connection, policy: { gateway: false } }),
      gone: net({ connection: { password: { secret: { name: 'absent', key: 'password' } } } }),
    });
    expect(await control.call('password', { name: 'net' })).toMatchObject({ password: canary });
    expect(await recorded(home, is('secret-read'))).toMatchObject({
      tunnel: 'user/net',
      secret: { kind: 'file', path },
    });
    await expect(control.call('password', { name: 'gone' })).rejects.toThrow();
    expect(
      await recorded(home, (record) => record.event === 'secret-read' && record.error !== undefined),
    ).toMatchObject({ secret: { kind: 'kubernetes', name: 'absent', namespace: 'default' } });
    for (const file of await logFiles(folderOf(home)))
      expect(await readFile(file.path, 'utf8')).not.toContain(canary);
  });

  it.runIf(mayBeOtherUser)('records another user once, with the number of further attempts', async () => {
    const { home } = machine;
    const control = await daemonWith({ net: net() });
    const port = await upPort(control);
    for (let times = 0; times < 3; times++) expect(await outputOf(connectAs(otherUid, port))).toBe('');
    await control.call('down', { names: ['net'] });
    await recorded(home, is('tunnel-closed'));
    const denied = (await records(home)).filter(is('connection-denied'));
    expect(denied.map(({ peer, count }) => [peer, count])).toEqual([
      [{ uid: otherUid }, undefined],
      [{ uid: otherUid }, 2],
    ]);
    expect(denied[0]).toMatchObject({ tunnel: 'user/net', error: { code: 'SP-PEER-DENIED' } });
  });
});

describe('denied attempts and who asked', () => {
  it('has who asked for what, and again what failed, but nobody who only looks', async () => {
    const { home } = machine;
    const control = await daemonWith({ net: net({ policy: { reason: true } }) });
    await upPort(control, { reason: 'OPS-1' });
    await control.call('tunnels', {});
    await control.call('pause', { all: true });
    await expect(control.call('trust', { profile: 'absent' })).rejects.toThrow();
    await control.call('down', { names: ['net'] });
    await recorded(home, (record) => is('control-request')(record) && record.operation === 'down');
    const asked = (await records(home)).filter(is('control-request'));
    expect(
      asked.map(({ operation, names, error }) => [operation, names, (error as { code?: string })?.code]),
    ).toEqual([
      ['up', ['net'], undefined],
      ['pause', ['all'], undefined],
      ['trust', ['absent', 'withdraw'], undefined],
      ['trust', ['absent', 'withdraw'], 'SP-TUNNEL-UNKNOWN'],
      ['down', ['net'], undefined],
    ]);
    for (const { by } of asked)
      expect(by).toEqual({
        via: 'socket',
        ...(process.platform === 'linux' && {
          uid: process.geteuid?.(),
          pid: process.pid,
          program: await realpath(process.execPath),
        }),
      });
    expect(JSON.stringify(asked)).not.toContain('OPS-1');
  });

  it('has sessions that the API server refused, with the Audit-ID that it was sent, and not each of them', async () => {
    const { home, sandbox } = machine;
    sandbox.controls.setAccess(
      (_user, { resource, subresource }) => resource !== 'pods' || subresource !== 'portforward',
    );
    const control = await daemonWith({ net: net() });
    const { outcomes } = await control.call('up', { names: ['net'], waitMs: 20_000 });
    expect(outcomes[0]?.tunnel?.state).toMatchObject({ kind: 'blocked', error: { code: 'SP-FORBIDDEN' } });
    for (let times = 0; times < 3; times++) await control.call('up', { names: ['net'], waitMs: 20_000 });
    const denied = await recorded(home, is('session-denied'));
    expect(denied).toMatchObject({
      auditId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      cluster: sandbox.server,
      pod: { name: 'net-0' },
      error: { code: 'SP-FORBIDDEN' },
    });
    expect((await records(home)).filter(is('session-denied'))).toHaveLength(1);
  });

  it('has tunnels that were asked for and not opened, once for many alike', async () => {
    const { home } = machine;
    const control = await daemonWith({
      net: net({ policy: { reason: { pattern: '^OPS-' } } }),
      asks: net({ policy: { confirm: true } }),
    });
    for (let times = 0; times < 50; times++)
      await control.call('up', { names: ['net'], reason: `because ${times}` });
    await control.call('up', { names: ['asks'] });
    const { questions } = await control.call('questions', {});
    await control.call('answer', { question: questions[0]!.id, answer: { kind: 'no' } });
    const no = await recorded(
      home,
      (record) => record.event === 'tunnel-denied' && record.tunnel === 'user/asks',
    );
    expect(no).toMatchObject({ error: { code: 'SP-CONFIRM-REQUIRED' } });
    const denied = (await records(home)).filter(is('tunnel-denied'));
    expect(denied.filter(({ tunnel }) => tunnel === 'user/net')).toMatchObject([
      { error: { code: 'SP-REASON-MISMATCH' } },
    ]);
  });
});

describe('receivers of the settings', () => {
  it('get the log as it stands; one whose file is missing is said to be off, and holds up nobody', async () => {
    const { home, stack } = machine;
    const bodies: string[] = [];
    const signatures: unknown[] = [];
    const receiver = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        bodies.push(body);
        signatures.push(request.headers['sallyport-signature'], request.headers.authorization);
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    stack.defer(() => {
      receiver.closeAllConnections();
      receiver.close();
    });
    const { port } = receiver.address() as AddressInfo;
    await writeFile(join(home.dir, 'hmac'), 'k3y\n');
    await writeFile(join(home.dir, 'token'), 't0ken\n');
    const hook = {
      to: 'webhook',
      name: 'hook',
      url: `http://127.0.0.1:${port}/`,
      hmacKeyFile: join(home.dir, 'hmac'),
    };
    const ship = [
      { ...hook, tokenFile: join(home.dir, 'token') },
      { ...hook, name: 'broken', hmacKeyFile: join(home.dir, 'absent') },
    ];
    await mkdir(home.places.folders.config, { recursive: true });
    await writeFile(home.places.settingsFile, JSON.stringify({ audit: { ship } }));
    const control = await daemonWith({ net: net() });
    await upPort(control);
    await recorded(home, is('tunnel-opened'));
    const status = await vi.waitFor(
      async () => {
        const { audit } = await control.call('daemon', {});
        expect(audit?.shippers[0]).toMatchObject({ state: 'shipping', behind: 0 });
        expect(bodies.join('')).toContain('"event":"tunnel-opened"');
        return audit;
      },
      { timeout: 15_000 },
    );
    expect(status?.shippers[1]).toMatchObject({
      name: 'broken',
      state: 'off',
      why: expect.stringContaining('absent is not there'),
    });
    const [file] = await logFiles(folderOf(home));
    expect(await readFile(file!.path, 'utf8')).toContain(bodies.join('').slice(0, -1));
    expect(signatures.slice(0, 2)).toEqual([expect.stringMatching(/^sha256=[0-9a-f]{64}$/), 'Bearer t0ken']);
    expect((await control.call('metrics', {})).text).toContain(
      'sallyport_audit_behind_lines{receiver="hook"}',
    );
  });
});

describe('a forward in the foreground', () => {
  it('has a log of its own, with its sessions and connections, written at its end at the latest', async () => {
    const { home, sandbox } = machine;
    const { clock, lines } = { clock: systemClock, lines: [] as string[] };
    const log = createLog('info', (line) => lines.push(line));
    // What is recorded late shows by the hour.
    const anHourLater = { ...clock, wallMs: () => clock.wallMs() + 3_600_000 };
    await mkdir(home.places.folders.config, { recursive: true });
    await writeFile(home.places.settingsFile, 'passwords: {keepIn: memory}\n');
    const load = () =>
      ForwardAudit.open({
        places: home.places,
        target: 'sts/net/0',
        clock: anHourLater,
        log,
        version: '1',
        home: home.dir,
      });
    const witness = new LateWitness({ clock, load });
    const listening = Promise.withResolvers<number>();
    const end = new AbortController();
    const run = runForward(
      {
        target: 'sts/net/0',
        ports: [':echo'],
        addresses: ['127.0.0.1'],
        namespace: 'default',
        context: undefined,
        kubeconfig: sandbox.kubeconfigPath,
        impersonate: undefined,
        carrier: 'auto',
        holdMs: 10_000,
        anyUser: false,
        patient: false,
        runningTimeoutMs: undefined,
        userAgent: 'sallyport/test',
        env: {},
        clock,
        log: silentLog,
        tell: (event) => event.event === 'listening' && listening.resolve(event.port!),
        onPluginOutput() {},
        onWarning() {},
        witness,
      },
      end.signal,
    );
    (await open(await listening.promise)).destroy();
    end.abort();
    await run;
    await witness[Symbol.asyncDispose]();
    const folder = join(home.places.auditFolder, 'forward-1');
    const [file] = await logFiles(folder);
    const all = (await readFile(file!.path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const kind of [
      'tunnel-opened',
      'tunnel-state',
      'session-opened',
      'connection-opened',
      'connection-closed',
      'tunnel-closed',
    ]) {
      const times = all.filter(is(kind)).map(({ at }) => Date.parse(at));
      expect(times).not.toEqual([]);
      // When it was, not when it was written.
      expect(Math.max(...times), kind).toBeLessThanOrEqual(clock.wallMs());
    }
    expect(all.findIndex(is('tunnel-opened'))).toBeLessThan(all.findIndex(is('tunnel-state')));
    expect(all.find(is('connection-opened'))).toMatchObject({ tunnel: 'forward/sts/net/0::echo' });
    expect(all.at(-1)).toMatchObject({ event: 'checkpoint' });
    expect(await verifyAll({ folder: home.places.auditFolder })).toMatchObject([
      { log: 'forward-1', verdict: { kind: 'intact', unsignedLines: 0 }, trusted: 'known' },
    ]);
    expect(lines.join('')).toContain(folder);
  });
});

describe('a log that cannot be written', () => {
  /** A file where the folder of logs should be stops root too. */
  async function withoutFolder(profiles: object): Promise<SocketControl> {
    const { home } = machine;
    await mkdir(home.places.folders.data, { recursive: true, mode: 0o700 });
    await writeFile(home.places.auditFolder, '');
    return daemonWith(profiles);
  }

  it('keeps production tunnels shut, and lets others open with a notice', async () => {
    const control = await withoutFolder({
      net: net(),
      prod: net({ policy: { environment: 'production' } }),
    });
    await expect.poll(async () => (await control.call('daemon', {})).audit?.state.kind).toBe('unavailable');
    const { outcomes } = await control.call('up', { names: ['prod', 'net'], waitMs: 20_000 });
    expect(outcomes[0]?.error).toMatchObject({ code: 'SP-AUDIT-UNAVAILABLE', details: { tunnel: 'prod' } });
    expect(outcomes[1]?.tunnel).toMatchObject({
      state: { kind: 'ready' },
      unrecorded: { code: 'SP-AUDIT-UNAVAILABLE' },
    });
    expect(await firstLine(outcomes[1]!.tunnel!.localPort!)).not.toBe('');
  });

  it('ends production tunnels that are open, and no others', async () => {
    const { home } = machine;
    const control = await daemonWith({
      net: net({ port: 'echo' }),
      prod: net({ port: 'echo', policy: { environment: 'production' } }),
    });
    const { outcomes } = await control.call('up', { names: ['prod', 'net'], waitMs: 20_000 });
    const [prod, other] = await Promise.all(outcomes.map(({ tunnel }) => open(tunnel!.localPort!)));
    const [file] = await logFiles(folderOf(home));
    const ended = new Promise<void>((resolve) => prod!.once('close', () => resolve()));
    await breakLog(file!.path);
    // Nothing is known of that before something is to be written.
    (await open(outcomes[1]!.tunnel!.localPort!)).destroy();
    await ended;
    const tunnel = await tunnelOnce(control, 'user/prod', ({ wanted }) => wanted === 'off');
    expect(tunnel.state).toMatchObject({ kind: 'off', reason: { code: 'SP-AUDIT-UNAVAILABLE' } });
    const left = await tunnelOnce(control, 'user/net', ({ unrecorded }) => unrecorded !== undefined);
    expect(left.state.kind).toBe('ready');
    expect(other!.destroyed).toBe(false);
    other!.destroy();
  });

  it.runIf(mayMount)(
    'on a disk that is full: production ends and does not open, until there is room again',
    async () => {
      const { home, stack } = machine;
      const disk = stack.use(new SmallDisk(home.places.auditFolder));
      const control = await daemonWith({
        net: net({ port: 'echo' }),
        prod: net({ port: 'echo', policy: { environment: 'production' } }),
      });
      const { outcomes } = await control.call('up', { names: ['prod', 'net'], waitMs: 20_000 });
      const [prod, other] = await Promise.all(outcomes.map(({ tunnel }) => open(tunnel!.localPort!)));
      let hasEnded = false;
      prod!.once('close', () => {
        hasEnded = true;
      });
      await disk.fill();
      // What is left of the last block is written before anything is known.
      while (!hasEnded) (await open(outcomes[1]!.tunnel!.localPort!)).destroy();
      const tunnel = await tunnelOnce(control, 'user/prod', ({ wanted }) => wanted === 'off');
      expect(tunnel.state).toMatchObject({
        reason: { code: 'SP-AUDIT-UNAVAILABLE', details: { full: true } },
      });
      expect(other!.destroyed).toBe(false);
      other!.destroy();
      const again = await control.call('up', { names: ['prod'] });
      expect(again.outcomes[0]?.error).toMatchObject({
        code: 'SP-AUDIT-UNAVAILABLE',
        details: { code: 'ENOSPC', full: true },
      });
      await disk.free();
      await vi.waitFor(
        async () =>
          expect((await control.call('daemon', {})).audit?.state).toMatchObject({ kind: 'writing' }),
        { timeout: 15_000 },
      );
      expect(
        (await control.call('up', { names: ['prod'], waitMs: 20_000 })).outcomes[0]?.tunnel,
      ).toMatchObject({
        state: { kind: 'ready' },
      });
      // What happened while it was full is on record too.
      expect(await recorded(home, is('tunnel-denied'))).toMatchObject({
        error: { code: 'SP-AUDIT-UNAVAILABLE' },
      });
      expect((await records(home)).filter(is('tunnel-closed'))).toMatchObject([{ why: 'audit' }]);
      await control.call('down', { all: true });
      const { logs } = await control.call('auditVerify', {});
      expect(logs).toMatchObject([{ log: 'daemon', verdict: { kind: 'intact' } }]);
    },
  );

  /** Whoever writes there meets a folder, which stops root too. */
  async function breakLog(path: string): Promise<void> {
    await unlink(path);
    await mkdir(path);
  }
});

/** A client that the echo has answered. */
async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {}).write('hello\n');
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}
