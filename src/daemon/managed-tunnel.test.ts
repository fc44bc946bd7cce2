import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FakeAudit } from '../../test/support/fake-audit.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { until } from '../../test/support/tunnel-fixture.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { Profile } from '../contract/profile.ts';
import type { ClusterPool } from './cluster-pool.ts';
import { ManagedTunnel, type TunnelHost } from './managed-tunnel.ts';
import { QuestionBoard } from './question-board.ts';
import type { AuditSink } from './tunnel-audit.ts';
import { profileDefinition } from './tunnel-definition.ts';

const minuteMs = 60_000;
const stack: { [Symbol.asyncDispose](): Promise<void> }[] = [];
const clients: Socket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const tunnel of stack.splice(0)) await tunnel[Symbol.asyncDispose]();
});
afterAll(expectNoHandles);

function definition(given: Partial<Profile>) {
  const profile: Profile = {
    cluster: { context: 'none' },
    namespace: 'data',
    target: 'statefulset/postgres/0',
    port: 5432,
    ...given,
  };
  return profileDefinition({
    id: 'user/orders-db',
    name: 'orders-db',
    source: 'user',
    sourceKind: 'user',
    file: '/u/profiles.yaml',
    line: 1,
    profile,
    written: profile,
    trust: { kind: 'own' },
    hash: 'h',
  });
}

/** A tunnel with a real port and a cluster that nobody finds, so that clients are held. */
function managed(given: Partial<Profile>, audit: AuditSink = new FakeAudit()) {
  const clock = new FakeClock();
  const questions = new QuestionBoard(clock, { onAsked() {}, onGone() {} });
  const ended: string[] = [];
  let port: number | undefined;
  let lookups = 0;
  let answered = Promise.resolve();
  const host: TunnelHost = {
    clock,
    log: silentLog,
    home: '/u',
    // Never reached: there is no context.
    clusters: {} as ClusterPool,
    questions,
    passwords: { find: async () => ({ kind: 'none' }), certificates: async () => undefined },
    gatewayPasswords: { of: () => Promise.reject(new AppError('SP-KEYCHAIN')) },
    statements: { read: async () => ({ kind: 'unread' }) },
    peers: { ownerOf: async () => ({ kind: 'absent' }), prepare: async () => {}, [Symbol.dispose]() {} },
    contextOf: async () => {
      lookups++;
      await answered;
      throw new AppError('SP-CLUSTER-UNKNOWN');
    },
    keptPort: () => port,
    keepPort: (_id, kept) => {
      port = kept;
    },
    audit,
    agree: async () => {},
    changed() {},
    ended: ({ id }) => void ended.push(id),
    recovered() {},
  };
  const tunnel = new ManagedTunnel(host, definition(given));
  stack.push(tunnel);
  const client = async () => {
    const socket = connect({ port: port!, host: '127.0.0.1' });
    clients.push(socket.on('error', () => {}).resume());
    await once(socket, 'connect');
    return socket;
  };
  /** From now on the cluster is being looked for until what it returns is called. */
  const slowLookups = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    answered = promise;
    return resolve;
  };
  return {
    clock,
    tunnel,
    questions,
    ended,
    client,
    slowLookups,
    lookups: () => lookups,
    port: () => port,
  };
}

describe('the record', () => {
  const policy = { environment: 'production' } as const;
  const unavailable: ErrorData = { code: 'SP-AUDIT-UNAVAILABLE', details: { code: 'ENOSPC' } };

  it('has the opening of a production tunnel on disk before that leads anywhere', async () => {
    const audit = new FakeAudit();
    const written = Promise.withResolvers<void>();
    audit.durable = written.promise;
    const { tunnel, lookups } = managed({ policy }, audit);
    await tunnel.up({ reason: 'OPS-1' });
    expect(tunnel.state).toMatchObject({ kind: 'connecting', step: 'recording' });
    expect(tunnel.isSettled).toBe(false);
    expect(audit.of('tunnel-opened')).toMatchObject([{ by: 'asked', reason: 'OPS-1', hash: 'h' }]);
    expect(lookups()).toBe(0);
    written.resolve();
    await until(() => lookups() === 1);
    expect(tunnel.state).not.toMatchObject({ step: 'recording' });
  });

  it('lets no other tunnel wait', async () => {
    const audit = new FakeAudit();
    audit.durable = new Promise(() => {});
    const { tunnel, lookups } = managed({}, audit);
    await tunnel.up();
    await until(() => lookups() === 1);
    expect(audit.of('tunnel-opened')).toHaveLength(1);
  });

  it('that cannot be written refuses production, keeps what is restored shut, and opens that later', async () => {
    const audit = new FakeAudit();
    audit.unavailable = unavailable;
    const { tunnel, lookups } = managed({ policy }, audit);
    await expect(tunnel.up()).rejects.toMatchObject({ code: 'SP-AUDIT-UNAVAILABLE' });
    expect(tunnel.wanted).toBe('off');
    expect(audit.of('tunnel-denied')).toMatchObject([{ error: { code: 'SP-AUDIT-UNAVAILABLE' } }]);
    await tunnel.up({ restored: {} });
    expect(tunnel.state).toMatchObject({ kind: 'blocked', error: { code: 'SP-AUDIT-UNAVAILABLE' } });
    expect(lookups()).toBe(0);
    audit.unavailable = undefined;
    tunnel.auditChanged();
    await until(() => lookups() === 1);
    expect(audit.of('tunnel-opened')).toMatchObject([{ by: 'restored' }]);
  });

  it('that cannot be written any more ends production, and says so of others', async () => {
    const audit = new FakeAudit();
    const production = managed({ policy }, audit);
    const other = managed({}, audit);
    await Promise.all([production.tunnel.up(), other.tunnel.up()]);
    await until(() => production.lookups() > 0 && other.lookups() > 0);
    audit.unavailable = unavailable;
    for (const { tunnel } of [production, other]) tunnel.auditChanged();
    await until(() => production.ended.length > 0);
    expect(production.tunnel.state).toMatchObject({ kind: 'off', reason: { code: 'SP-AUDIT-UNAVAILABLE' } });
    expect(other.tunnel.entity).toMatchObject({ wanted: 'on', unrecorded: unavailable });
    expect(audit.of('tunnel-closed')).toMatchObject([{ why: 'audit' }]);
  });

  it('says how a tunnel ended, and that an idle one on demand did', async () => {
    const audit = new FakeAudit();
    const { tunnel, clock, client } = managed({ onDemand: true }, audit);
    await tunnel.up();
    expect(audit.of('tunnel-opened')).toEqual([]);
    const socket = await client();
    await until(() => audit.of('tunnel-opened').length === 1);
    socket.destroy();
    await until(() => tunnel.entity.connections === 0);
    clock.advance(6 * minuteMs);
    await tunnel.down('paused');
    expect(audit.of('tunnel-opened', 'tunnel-closed')).toMatchObject([
      { by: 'on-demand' },
      { why: 'idle-limit' },
    ]);
    await tunnel.up();
    await client();
    await until(() => audit.of('tunnel-opened').length === 2);
    await tunnel.down();
    expect(audit.of('tunnel-closed').at(-1)).toMatchObject({ why: 'asked' });
  });
});

describe('a policy with a time limit', () => {
  const policy = { timeLimit: '1h' };

  it('warns, then takes the tunnel down and says why', async () => {
    const { clock, tunnel, ended, client } = managed({ policy });
    await tunnel.up();
    const upMs = clock.wallMs();
    const socket = await client();
    await until(() => tunnel.entity.connections === 1);
    expect(tunnel.entity.limit).toMatchObject({
      kind: 'time',
      endsAtMs: upMs + 60 * minuteMs,
      isNear: false,
    });
    clock.advance(55 * minuteMs);
    expect(tunnel.entity.limit?.isNear).toBe(true);
    expect(tunnel.record.lines.all.map(({ event }) => event)).toContain('its limit is near');
    expect(tunnel.wanted).toBe('on');

    const closed = new Promise((resolve) => socket.once('close', resolve));
    clock.advance(5 * minuteMs);
    await closed;
    await until(() => ended.length > 0);
    const reason = { code: 'SP-TIME-LIMIT', details: { tunnel: 'orders-db', limit: '1h' } };
    expect(tunnel.entity).toMatchObject({ wanted: 'off', shown: 'off', state: { kind: 'off', reason } });
    expect(tunnel.entity.limit).toBeUndefined();
    expect(tunnel.record.history.at(-1)).toMatchObject({ wanted: 'off', state: { reason } });
    await expect(client()).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    await tunnel.up();
    expect(tunnel.entity.limit?.endsAtMs).toBe(clock.wallMs() + 60 * minuteMs);
    await tunnel.down();
    expect(tunnel.state).toEqual({ kind: 'off' });
  });

  it('counts over a restart of the daemon, and binds no port where it is over', async () => {
    const early = managed({ policy });
    const sinceMs = early.clock.wallMs() - 59 * minuteMs;
    await early.tunnel.up({ restored: { sinceMs } });
    expect(early.tunnel.entity.limit).toMatchObject({ endsAtMs: sinceMs + 60 * minuteMs, isNear: true });

    const late = managed({ policy });
    await late.tunnel.up({ restored: { sinceMs: late.clock.wallMs() - 61 * minuteMs } });
    await until(() => late.ended.length > 0);
    expect(late.port()).toBeUndefined();
    expect(late.tunnel.entity).toMatchObject({ wanted: 'off', state: { reason: { code: 'SP-TIME-LIMIT' } } });
    expect(late.lookups()).toBe(0);
  });

  it('is prolonged only by who answers again what the policy asks', async () => {
    const { clock, tunnel } = managed({ policy: { ...policy, reason: { pattern: '^OPS-' } } });
    await tunnel.up({ reason: 'OPS-1' });
    const endsAtMs = tunnel.entity.limit!.endsAtMs;
    clock.advance(30 * minuteMs);
    await tunnel.up({ reason: 'OPS-2' });
    expect(tunnel.entity).toMatchObject({ reason: 'OPS-2', limit: { endsAtMs } });
    await expect(tunnel.up({ prolong: true })).rejects.toMatchObject({
      code: 'SP-REASON-REQUIRED',
      details: { prolong: true },
    });
    await expect(tunnel.up({ prolong: true, reason: 'x' })).rejects.toMatchObject({
      code: 'SP-REASON-MISMATCH',
    });
    expect(tunnel.entity.limit).toMatchObject({ endsAtMs });
    await tunnel.up({ prolong: true, reason: 'OPS-3' });
    expect(tunnel.entity).toMatchObject({
      reason: 'OPS-3',
      upSinceMs: clock.wallMs(),
      limit: { endsAtMs: endsAtMs + 30 * minuteMs },
    });
  });

  it('puts one on demand back to sleep on its port, and asks the next client anew', async () => {
    const { clock, tunnel, client, ended, questions, lookups } = managed({
      onDemand: true,
      policy: { ...policy, confirm: true },
    });
    await tunnel.up();
    clock.advance(180 * minuteMs);
    expect(tunnel.entity).toMatchObject({ wanted: 'on', shown: 'off' });
    const socket = await client();
    await until(() => questions.all.length > 0);
    await questions.answer(questions.all[0]!.id, { kind: 'confirm' });
    await until(() => lookups() > 0);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    clock.advance(60 * minuteMs);
    await closed;
    await until(() => tunnel.state.kind === 'off' && tunnel.state.reason !== undefined);
    expect(ended).toEqual([]);
    expect(tunnel.wanted).toBe('on');
    await until(() => tunnel.entity.addresses.length > 0);
    await client();
    await until(() => questions.all.length > 0);
    expect(tunnel.state).toMatchObject({ kind: 'blocked', error: { code: 'SP-CONFIRM-REQUIRED' } });
  });
});

describe('a policy with an idle limit', () => {
  it('takes the tunnel down when nobody was connected for that long', async () => {
    const { clock, tunnel, ended, client } = managed({ policy: { idleLimit: '10m' } });
    await tunnel.up();
    clock.advance(8 * minuteMs);
    const socket = await client();
    await until(() => tunnel.entity.connections === 1);
    expect(tunnel.entity.limit).toBeUndefined();
    socket.destroy();
    await until(() => tunnel.entity.connections === 0);
    clock.advance(9 * minuteMs);
    expect(tunnel.entity.limit).toMatchObject({ kind: 'idle', isNear: true });
    clock.advance(minuteMs);
    await until(() => ended.length > 0);
    expect(tunnel.state).toMatchObject({ reason: { code: 'SP-IDLE-LIMIT', details: { limit: '10m' } } });
  });

  it('lets one on demand go of its cluster sooner, and ends nothing', async () => {
    const { clock, tunnel, client, lookups } = managed({ onDemand: true, policy: { idleLimit: '1m' } });
    await tunnel.up();
    const socket = await client();
    await until(() => lookups() > 0);
    socket.destroy();
    await until(() => tunnel.entity.connections === 0);
    expect(tunnel.entity.limit).toBeUndefined();
    clock.advance(minuteMs);
    expect(tunnel.entity).toMatchObject({ wanted: 'on', state: { kind: 'off' } });
    expect(tunnel.entity.addresses).not.toEqual([]);
  });
});

describe('a policy that only a gateway could enforce', () => {
  it.each([{ readOnly: true }, { statementAudit: true }])(
    'keeps the tunnel from opening: %j',
    async (policy) => {
      const { tunnel, client, lookups } = managed({ kind: 'postgres', policy });
      await expect(tunnel.up()).rejects.toMatchObject({
        code: 'SP-POLICY-UNENFORCED',
        details: { policy: Object.keys(policy)[0] },
      });
      // It was up before its profile said so.
      await tunnel.up({ restored: {} });
      expect(tunnel.entity).toMatchObject({
        shown: 'needs you',
        state: { error: { code: 'SP-POLICY-UNENFORCED' } },
      });
      await client();
      expect(lookups()).toBe(0);

      tunnel.redefine(definition({ kind: 'postgres' }));
      await until(() => lookups() > 0);
    },
  );
});

describe('one that needs its user', () => {
  const code = (tunnel: ManagedTunnel) =>
    tunnel.state.kind === 'blocked' ? tunnel.state.error.code : undefined;

  it('is not settled by what was in its way, once that is out of it', async () => {
    const { tunnel, slowLookups, lookups } = managed({ policy: { reason: true } });
    const answer = slowLookups();
    await tunnel.up();
    await until(() => code(tunnel) === 'SP-REASON-REQUIRED');
    expect(tunnel.isSettled).toBe(true);
    await tunnel.up({ reason: 'OPS-1' });
    expect(tunnel.state).toMatchObject({ kind: 'connecting' });
    expect(tunnel.isSettled).toBe(false);
    expect(lookups()).toBe(1);
    answer();
    await until(() => code(tunnel) === 'SP-CLUSTER-UNKNOWN');
  });

  it('is tried at once when somebody asks for it again, and not said to be refused meanwhile', async () => {
    const { tunnel, slowLookups, lookups } = managed({});
    await tunnel.up();
    await until(() => code(tunnel) === 'SP-CLUSTER-UNKNOWN');
    const answer = slowLookups();
    await tunnel.up();
    expect(lookups()).toBe(2);
    expect(tunnel.isSettled).toBe(false);
    answer();
    await until(() => code(tunnel) === 'SP-CLUSTER-UNKNOWN');
  });
});

describe('a profile that changes under a tunnel that is up', () => {
  const policy = { reason: true };
  const running = async () => {
    const { tunnel } = managed({ policy, local: undefined, connection: { password: { keychain: true } } });
    await tunnel.up();
    return tunnel;
  };

  it('asks for no restart where it counts at once', async () => {
    const tunnel = await running();
    const password = { environment: 'ORDERS_PW' };
    tunnel.redefine(definition({ policy, connection: { password }, description: 'of the shop' }));
    expect(tunnel.entity.profileChanged).toBe(false);
    tunnel.redefine(definition({ policy, port: 5433 }));
    expect(tunnel.entity).toMatchObject({ profileChanged: true });
    expect(tunnel.entity.profileProblem).toBeUndefined();
  });

  it('asks for none where a restart could only leave it down', async () => {
    const tunnel = await running();
    tunnel.redefine(definition({ policy, port: 5433, off: true }));
    expect(tunnel.entity).toMatchObject({
      wanted: 'on',
      profileChanged: false,
      profileProblem: { code: 'SP-PROFILE-OFF' },
    });
  });
});
