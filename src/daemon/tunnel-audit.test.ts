import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { fakePod } from '../../test/support/fake-control.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import type { PeerProcess } from '../contract/peer.ts';
import { TunnelAudit } from './tunnel-audit.ts';

function setup() {
  const clock = new FakeClock();
  const told: { readonly event: AuditEvent; readonly atMs: number | undefined }[] = [];
  const audit = new TunnelAudit({
    sink: {
      append: (event, atMs) => told.push({ event, atMs }),
      userOf: () => undefined,
      gathered: { add: (event) => told.push({ event, atMs: undefined }), flush() {} },
    },
    clock,
    id: 'user/a',
    profile: 'user/a',
    api: () => undefined,
  });
  const found = Promise.withResolvers<PeerProcess | undefined>();
  const peer = { uid: 7, process: () => found.promise };
  const start = (connection: number) =>
    audit.connection({
      kind: 'start',
      atMs: 100 + connection,
      connection,
      pod: fakePod,
      port: 5432,
      auditId: 'id',
      heldMs: 1,
      connectMs: 1,
      peer,
    });
  const end = (connection: number) =>
    audit.connection({
      kind: 'end',
      atMs: 200 + connection,
      connection,
      pod: fakePod,
      receivedBytes: 1,
      sentBytes: 2,
      durationMs: 3,
      peer,
      error: undefined,
    });
  const kinds = () => told.map(({ event }) => event.event);
  return { clock, told, audit, found, start, end, kinds };
}

const psql = { pid: 42, program: '/usr/bin/psql', command: 'psql' };
const whole = { uid: 7, pid: 42, program: '/usr/bin/psql' };

test('a connection is told with its process, at the time at which it was', async () => {
  const { told, found, start, end, kinds } = setup();
  start(1);
  expect(told).toEqual([]);
  found.resolve(psql);
  await found.promise;
  expect(told).toMatchObject([
    { atMs: 101, event: { event: 'connection-opened', peer: whole, auditId: 'id' } },
  ]);
  end(1);
  expect(kinds()).toEqual(['connection-opened', 'connection-closed']);
  expect(told[1]).toMatchObject({ atMs: 201, event: { peer: whole, receivedBytes: 1, sentBytes: 2 } });
});

test('one that is over before its process is known has it all the same, in order', async () => {
  const { told, found, start, end, kinds } = setup();
  start(1);
  end(1);
  expect(told).toEqual([]);
  found.resolve(psql);
  await found.promise;
  expect(kinds()).toEqual(['connection-opened', 'connection-closed']);
  for (const { event } of told) expect(event).toMatchObject({ peer: whole });
});

test('a process that nobody finds is waited for one second', () => {
  const { clock, told, start } = setup();
  start(1);
  clock.advance(1_000);
  expect(told).toMatchObject([{ event: { event: 'connection-opened', peer: { uid: 7 } } }]);
});

test('the end of the tunnel leaves nothing untold', () => {
  const { audit, start, end, kinds } = setup();
  audit.opened({ profile: { target: 'pod/a' } }, { local: [], by: 'asked' });
  start(1);
  end(1);
  audit.closed('asked');
  expect(kinds()).toEqual(['tunnel-opened', 'connection-opened', 'connection-closed', 'tunnel-closed']);
});

test('very many that wait are told without their process, none is left out', () => {
  const { start, kinds } = setup();
  for (let connection = 1; connection <= 1_002; connection++) start(connection);
  expect(kinds()).toHaveLength(2);
});

test('a state is told once, however often it is observed', () => {
  const { audit, told } = setup();
  const ready = { kind: 'ready', pod: fakePod, port: 5432, sinceMs: 1 } as const;
  audit.state({ atMs: 1, state: ready, shown: 'ready' });
  audit.state({ atMs: 2, state: { ...ready, sinceMs: 2 }, shown: 'ready' });
  audit.state({ atMs: 3, state: { ...ready, pod: { ...fakePod, uid: 'another' } }, shown: 'ready' });
  expect(told.map(({ atMs }) => atMs)).toEqual([1, 3]);
  expect(Object.keys((told[0]!.event as { pod: object }).pod).toSorted()).toEqual([
    'name',
    'namespace',
    'node',
    'role',
    'uid',
  ]);
});

test('programs that do not log in at the gateway are told of, also those that name no role', () => {
  const { audit, told } = setup();
  audit.postgres({ kind: 'denied', why: 'wrong-password', user: 'app' }, 4);
  audit.postgres({ kind: 'denied', why: 'protocol', user: undefined }, 7);
  const denied = { event: 'connection-denied', tunnel: 'user/a' };
  const why = { code: 'SP-GATEWAY-LOGIN', details: { why: 'wrong-password', user: 'app' } };
  expect(told).toMatchObject([
    { event: { ...denied, connection: 4, databaseUser: 'app', error: why } },
    { event: { ...denied, connection: 7, error: { details: { why: 'protocol' } } } },
  ]);
});

test('what the gateway knows of a login is told with its connection', () => {
  const { audit, told } = setup();
  const names = { user: 'orders-db', database: 'orders', applicationName: 'psql' };
  audit.postgres(
    {
      kind: 'login',
      ...names,
      proof: 'program',
      pod: { name: 'postgres-0' } as never,
      role: 'app',
      method: 'scram-sha-256',
      letsAnyoneIn: false,
      superuser: false,
      encrypted: { local: false, server: true },
      serverVersion: '18',
      inRecovery: false,
      pooler: false,
    },
    3,
  );
  audit.postgres({ kind: 'statement', ...names, statement: 'SELECT', text: 'select ?' }, 3);
  expect(told).toMatchObject([
    {
      event: {
        event: 'postgres-login',
        tunnel: 'user/a',
        connection: 3,
        outcome: 'accepted',
        by: 'program',
        databaseUser: 'app',
        database: 'orders',
        application: 'psql',
      },
    },
    { event: { event: 'postgres-statement', connection: 3, statement: 'SELECT', text: 'select ?' } },
  ]);
});
