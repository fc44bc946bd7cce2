import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FakeAudit } from '../../test/support/fake-audit.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { freePort } from '../../test/support/free-port.ts';
import { AppError } from '../base/app-error.ts';
import { silentLog } from '../base/log.ts';
import type { Profile } from '../contract/profile.ts';
import type { Approve } from './approval-command.ts';
import type { ClusterPool } from './cluster-pool.ts';
import { ManagedTunnel, type TunnelHost } from './managed-tunnel.ts';
import { QuestionBoard } from './question-board.ts';
import type { AuditSink } from './tunnel-audit.ts';
import { profileDefinition } from './tunnel-definition.ts';

const stack: { [Symbol.asyncDispose](): Promise<void> }[] = [];
const clients: Socket[] = [];
/** The kernel gives them to nobody, so that one is free while its tunnel is down, and for it when it comes up again. */
const ports = await Promise.all(Array.from({ length: 64 }, freePort));

/** After each test. */
export async function endManaged(): Promise<void> {
  for (const client of clients.splice(0)) client.destroy();
  for (const tunnel of stack.splice(0)) await tunnel[Symbol.asyncDispose]();
}

export function definition(given: Partial<Profile>) {
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
export function managed(
  given: Partial<Profile>,
  audit: AuditSink = new FakeAudit(),
  approve: Approve = () => undefined,
) {
  const clock = new FakeClock();
  const questions = new QuestionBoard(clock, { onAsked() {}, onGone() {} });
  const ended: string[] = [];
  const drawn = ports.pop();
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
    passwords: { find: async () => ({ kind: 'none' }) },
    certificates: { authority: async () => undefined, client: async () => undefined },
    gatewayPasswords: { of: () => Promise.reject(new AppError('SP-KEYCHAIN')) },
    statements: { read: async () => ({ kind: 'unread' }) },
    localAuthority: { tlsOf: () => Promise.reject(new AppError('SP-KEYCHAIN')) },
    peers: { ownerOf: async () => ({ kind: 'absent' }), prepare: async () => {}, [Symbol.dispose]() {} },
    contextOf: async () => {
      lookups++;
      await answered;
      throw new AppError('SP-CLUSTER-UNKNOWN');
    },
    keptPort: () => drawn,
    isKept: () => false,
    keepPort: (_id, kept) => {
      port = kept;
    },
    audit,
    approve,
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
