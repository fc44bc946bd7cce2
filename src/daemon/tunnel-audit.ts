import type { Clock, Timer } from '../base/clock.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import type { HistoryEntry } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { PeerProcess } from '../contract/peer.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import type { GatewayEvent } from '../postgres/gateway-event.ts';
import type { StatementReader } from '../postgres/statement-reader.ts';
import type { ConnectionEvent, LocalPeer } from '../tunnel/connection-event.ts';
import type { GatheredEvents } from './gathered-events.ts';
import { StatementRecords } from './statement-records.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

type Event<K extends AuditEvent['event']> = Extract<AuditEvent, { event: K }>;

/** The daemon's log as tunnels use it. */
export interface AuditSink {
  /** Takes an event; never waits. */
  append(event: AuditEvent, atMs?: number): void;
  /** Why nothing can be recorded now. */
  readonly unavailable: ErrorData | undefined;
  /** Resolves when all that was taken is on disk, or cannot be there now. */
  whenDurable(): Promise<unknown>;
  /** Whom a cluster takes the user for, where that is known. */
  userOf(api: KubeApi): string | undefined;
  /** Takes what may come very often; alike events become one. */
  readonly gathered: Pick<GatheredEvents, 'add' | 'flush'>;
}

export interface TunnelAuditOptions {
  readonly sink: Pick<AuditSink, 'append' | 'userOf' | 'gathered'>;
  readonly clock: Clock;
  readonly id: string;
  /** That describes it, where one does. */
  readonly profile: string | undefined;
  /** Of statements; undefined: they are recorded unread. */
  readonly reader?: Pick<StatementReader, 'read'>;
  /** The cluster that the tunnel uses now. */
  readonly api: () => KubeApi | undefined;
}

/** The process of a connection is waited for this long; so many wait at one time. */
const processMs = 1_000;
const maxPending = 1_000;

type AuditedPeer = Event<'connection-opened'>['peer'];

interface Pending {
  peer: AuditedPeer;
  opened: ((peer: AuditedPeer) => void) | undefined;
  closed: ((peer: AuditedPeer) => void) | undefined;
  isKnown: boolean;
  readonly timer: Timer;
}

/** What is recorded of one tunnel. Nothing here waits: an event whose local process is still looked for goes out when that is known. */
export class TunnelAudit {
  readonly #options: TunnelAuditOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #statements: StatementRecords;
  #isOpen = false;
  #toldState = '';

  constructor(options: TunnelAuditOptions) {
    this.#options = options;
    this.#statements = new StatementRecords({
      reader: options.reader,
      append: (event, atMs) => this.#append(event, atMs),
    });
  }

  /** From now on it may use its cluster. */
  opened(
    {
      profile,
      hash,
    }: Pick<TunnelDefinition, 'hash'> & {
      readonly profile: Pick<TunnelDefinition['profile'], 'target' | 'namespace' | 'policy'>;
    },
    {
      atMs,
      ...given
    }: Pick<Event<'tunnel-opened'>, 'local' | 'by' | 'reason' | 'approvedBy'> & { readonly atMs?: number },
  ): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#append(
      {
        event: 'tunnel-opened',
        ...this.#context,
        target: profile.target,
        namespace: profile.namespace ?? '',
        hash,
        environment: profile.policy?.environment,
        ...given,
      },
      atMs,
    );
  }

  /** After its connections have ended. Nothing where it was not open. */
  closed(why: Event<'tunnel-closed'>['why'], atMs?: number): void {
    this.#options.sink.gathered.flush(this.#options.id);
    this.#statements.flush();
    for (const number of [...this.#pending.keys()]) this.#settle(number, undefined);
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#append({ event: 'tunnel-closed', ...this.#context, why }, atMs);
  }

  denied(error: ErrorData, reason: string | undefined): void {
    this.#options.sink.gathered.add({ event: 'tunnel-denied', ...this.#context, error, reason });
  }

  /** A state is told once, however often what belongs to it changes. */
  state({ atMs, state, shown }: Pick<HistoryEntry, 'atMs' | 'state' | 'shown'>): void {
    const pod = state.kind === 'ready' ? state.pod : state.kind === 'waiting' ? state.lastPod : undefined;
    const error =
      state.kind === 'waiting' ? state.reason : state.kind === 'blocked' ? state.error : undefined;
    const told = JSON.stringify([shown, pod?.uid, pod?.role, error?.code]);
    if (told === this.#toldState) return;
    this.#toldState = told;
    this.#append(
      { event: 'tunnel-state', ...this.#context, state: shown, pod: pod && auditedPod(pod), error },
      atMs,
    );
  }

  connection(event: ConnectionEvent): void {
    const { atMs } = event;
    switch (event.kind) {
      case 'start': {
        const { connection, pod, port, auditId, heldMs, peer } = event;
        const opened = {
          event: 'connection-opened',
          ...this.#context,
          connection,
          pod: auditedPod(pod),
          port,
          auditId,
          heldMs: rounded(heldMs),
        } as const;
        const pending = this.#await(connection, peer);
        const tell = (by: AuditedPeer) => this.#append({ ...opened, peer: by }, atMs);
        if (!pending) return tell(peer && { uid: peer.uid });
        pending.opened = tell;
        return;
      }
      case 'end': {
        const { connection, pod, receivedBytes, sentBytes, durationMs, error, peer } = event;
        const closed = {
          event: 'connection-closed',
          ...this.#context,
          connection,
          pod: pod && auditedPod(pod),
          receivedBytes,
          sentBytes,
          durationMs: rounded(durationMs),
          error,
        } as const;
        const pending = this.#pending.get(connection) ?? this.#await(connection, peer);
        const tell = (by: AuditedPeer) => this.#append({ ...closed, peer: by }, atMs);
        if (!pending) return tell(peer && { uid: peer.uid });
        pending.closed = tell;
        if (pending.isKnown) this.#settle(connection, undefined);
        return;
      }
      case 'denied': {
        const { error } = event;
        return this.#options.sink.gathered.add({
          event: 'connection-denied',
          ...this.#context,
          peer: deniedPeer(error),
          error,
        });
      }
    }
  }

  /** What the Postgres gateway knows: who logged in as whom, and by policy the statements. */
  postgres(event: GatewayEvent, connection: number): void {
    switch (event.kind) {
      case 'login':
        return this.#append({
          event: 'postgres-login',
          ...this.#context,
          connection,
          outcome: 'accepted',
          by: event.proof,
          databaseUser: event.role,
          database: event.database,
          application: event.applicationName,
        });
      case 'login-failed':
        return this.#options.sink.gathered.add({
          event: 'postgres-login',
          ...this.#context,
          connection,
          outcome: 'refused',
          databaseUser: event.user,
          database: event.database,
          application: event.applicationName,
          error: event.error,
        });
      case 'statement':
        return this.#statements.add(
          {
            event: 'postgres-statement',
            ...this.#context,
            connection,
            databaseUser: event.user,
            database: event.database,
            statement: event.statement,
            text: event.text,
          },
          { sql: event.sql, atMs: this.#options.clock.wallMs() },
        );
      case 'denied':
        return this.#options.sink.gathered.add({
          event: 'connection-denied',
          ...this.#context,
          connection,
          databaseUser: event.user,
          error: { code: 'SP-GATEWAY-LOGIN', details: { why: event.why, user: event.user } },
        });
      case 'statement-refused':
        return this.#options.sink.gathered.add({
          event: 'statement-denied',
          ...this.#context,
          connection,
          databaseUser: event.user,
          database: event.database,
          error: { code: 'SP-DB-READ-ONLY', details: { message: event.why } },
        });
      case 'session-refused':
      case 'cancel':
        return;
    }
  }

  /** Undefined where nothing is to be learnt of its process. */
  #await(connection: number, peer: LocalPeer | undefined): Pending | undefined {
    if (!peer || this.#pending.size >= maxPending) return undefined;
    const settle = (process?: PeerProcess) => this.#settle(connection, process);
    const timer = this.#options.clock.after(processMs, settle);
    const pending: Pending = {
      peer: { uid: peer.uid },
      opened: undefined,
      closed: undefined,
      isKnown: false,
      timer,
    };
    this.#pending.set(connection, pending);
    void peer.process().then((process) => {
      if (this.#pending.get(connection) === pending) settle(process);
    });
    return pending;
  }

  /** Tells what waited. While the connection lives its peer is remembered for its end. */
  #settle(connection: number, process: PeerProcess | undefined): void {
    const pending = this.#pending.get(connection);
    if (!pending) return;
    pending.timer.cancel();
    pending.isKnown = true;
    if (process) {
      const { pid, program } = process;
      pending.peer = { ...pending.peer, pid, program };
    }
    pending.opened?.(pending.peer);
    pending.opened = undefined;
    if (!pending.closed) return;
    pending.closed(pending.peer);
    this.#pending.delete(connection);
  }

  get #context() {
    const { id, profile, api, sink } = this.#options;
    const cluster = api();
    return {
      tunnel: id,
      profile,
      cluster: cluster?.server,
      user: cluster && sink.userOf(cluster),
    };
  }

  #append(event: AuditEvent, atMs?: number): void {
    this.#options.sink.append(event, atMs);
  }
}

/** Who a pod is, without what changes while it lives. */
export function auditedPod({
  namespace,
  name,
  uid,
  node,
  role,
}: PodIdentity): Event<'session-opened'>['pod'] {
  return { namespace, name, uid, node, role };
}

/** What a refusal says of whom it refused. */
function deniedPeer({ details: { uid, pid, program } }: ErrorData): AuditedPeer {
  if (typeof uid !== 'number') return undefined;
  return {
    uid,
    ...(typeof pid === 'number' && { pid }),
    ...(typeof program === 'string' && { program }),
  };
}

function rounded(durationMs: number): number {
  return Math.round(durationMs * 10) / 10;
}
