import { AppError } from '../base/app-error.ts';
import type { Log } from '../base/log.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { usesGateway } from '../contract/gateway.ts';
import type { TunnelState } from '../contract/tunnel-state.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import { fatal } from '../postgres/client-words.ts';
import type { ConnectionEvent, LocalPeer } from '../tunnel/connection-event.ts';
import { addressText } from '../tunnel/listen-address.ts';
import type { ApprovalWish, Approve } from './approval-command.ts';
import { type BindHost, BoundTunnel, type BoundTunnelOptions, type Recovery } from './bound-tunnel.ts';
import { ClientAdmission } from './client-admission.ts';
import type { ClusterLease } from './cluster-pool.ts';
import type { Shut } from './gated-upstream.ts';
import type { QuestionBoard } from './question-board.ts';
import { StartApproval } from './start-approval.ts';
import { type Granted, startObstacle } from './start-obstacle.ts';
import { StartPermission } from './start-permission.ts';
import type { AuditSink, TunnelAudit } from './tunnel-audit.ts';
import { listenSpec, type TunnelDefinition } from './tunnel-definition.ts';
import { type Limit, limitError, limitsOf, TunnelLimits } from './tunnel-limits.ts';

/** What a run needs of the daemon around it. */
export interface RunHost extends BindHost {
  readonly home: string;
  readonly peers: PeerFinder;
  readonly questions: QuestionBoard;
  readonly audit: AuditSink;
  readonly approve: Approve;
  keptPort(id: string): number | undefined;
  /** Whether a local port is that of another tunnel than this one, up or not. */
  isKept(port: number, id: string): boolean;
  /** Agrees to a profile by its hash; what is defined by it is told by a new definition. */
  agree(id: string, hash: string): Promise<void>;
}

export interface TunnelRunOptions {
  readonly host: RunHost;
  readonly definition: TunnelDefinition;
  /** Why it sleeps at first, where it is on demand and there is more to say than that. */
  readonly asleepFor: ErrorData | undefined;
  readonly log: Log;
  readonly audit: TunnelAudit;
  /** It was up when the last daemon ended. */
  readonly isRestored: boolean;
  /** Not called any more once it is let go of. */
  readonly onState: (recovery: Recovery) => void;
  /** What is counted, or ends it, is another. */
  readonly onCounters: () => void;
  /** A limit ends it soon. */
  readonly onNear: () => void;
  /** Also of connections that end because it is let go of. */
  readonly onConnection: (event: ConnectionEvent) => void;
  readonly onSession?: BoundTunnelOptions['onSession'];
  /** Somebody said no to what was asked. */
  readonly onRefused: () => Promise<void>;
  /** A limit of its policy is over, or it may not go on unrecorded: whoever hears it disposes the run. Called once, possibly by `start`. */
  readonly onLimit: (error: ErrorData) => void;
}

/**
 * One run of a tunnel, from the binding of its port until that is let go of; what it runs with never changes. It is asleep (on demand,
 * nobody was there yet or for a while), blocked (something has to be answered or done first), or uses its cluster.
 */
export class TunnelRun implements AsyncDisposable {
  readonly definition: TunnelDefinition;
  readonly #options: TunnelRunOptions;
  readonly #permission: StartPermission;
  readonly #approval: StartApproval;
  readonly #clients: ClientAdmission;
  readonly #bound: BoundTunnel;
  /** While it may use its cluster, or waits for leave to. */
  #limits: TunnelLimits | undefined;
  #by: 'asked' | 'restored' | 'on-demand';
  /** Whose connection woke it, where one did. */
  #client: LocalPeer | undefined;
  /** Nothing has to be answered before it may use its cluster. */
  #mayEnter = false;
  #recorded: 'no' | 'writing' | 'yes' = 'no';
  #isOver = false;
  readonly #over = new AbortController();

  constructor(options: TunnelRunOptions) {
    const { host, definition, log } = options;
    this.#options = options;
    this.definition = definition;
    this.#by = options.isRestored ? 'restored' : 'asked';
    this.#permission = new StartPermission({
      definition,
      questions: host.questions,
      agree: (id, hash) => host.agree(id, hash),
      login: () => this.#login(),
      refused: () => options.onRefused(),
      answered: () => this.#enter(),
    });
    this.#approval = new StartApproval({
      clock: host.clock,
      approve: host.approve,
      wish: () => this.#wish(this.#by, this.reason),
      answered: () => this.#approvalAnswered(),
      refused: (error) => {
        options.log.warn('not approved', { code: error.code, ...error.details });
        options.audit.denied(error, this.reason);
      },
    });
    const { local, policy } = definition.profile;
    const listen = listenSpec(local, host.keptPort(definition.id), {
      home: host.home,
      isKept: (port) => host.isKept(port, definition.id),
    });
    this.#clients = new ClientAdmission({
      clock: host.clock,
      policy,
      listen: listen.kind,
      peers: host.peers,
      tooMany: usesGateway(definition.profile) ? fatal : undefined,
      onAdmitted: (peer) => this.#clientCame(peer),
    });
    this.#bound = new BoundTunnel({
      host,
      definition,
      log,
      listen,
      admit: this.#clients.admit,
      onState: (recovery) => this.#moved(recovery),
      onConnection: (event) => this.#connection(event),
      onSession: options.onSession,
    });
  }

  get state(): TunnelState {
    return this.#bound.state;
  }

  /** Waits for what a new definition may bring: leave to start, or another port. */
  get isStuck(): boolean {
    return this.definition.problem !== undefined || this.#bound.isUnbound;
  }

  /** On demand, and nobody has come yet or for a while. */
  get isAsleep(): boolean {
    return this.#bound.isAsleep;
  }

  /** Given by who started it. */
  get reason(): string | undefined {
    return this.#permission.reason;
  }

  get questions(): string[] {
    return this.#permission.questions;
  }

  /** What ends it first. That it sleeps when nobody is there ends nothing. */
  get limit(): Limit | undefined {
    const limit = this.#limits?.limit;
    return this.#onDemand && limit?.kind === 'idle' ? undefined : limit;
  }

  /** The cluster that it uses now; undefined while it uses none. */
  get lease(): ClusterLease | undefined {
    return this.#bound.lease;
  }

  get notices(): readonly string[] {
    return this.#bound.notices;
  }

  /** The local end as it is now. */
  get local(): BoundTunnel['local'] {
    return this.#bound.local;
  }

  /**
   * Binds its port, and unless it is on demand goes on to its cluster or to what has to be asked before. `sinceMs`: from when its time limit
   * counts, ms since the epoch. Never rejects.
   */
  start(granted: Granted, sinceMs: number): Promise<void> {
    const { asleepFor: reason } = this.#options;
    this.#permission.give(granted);
    if (!this.#onDemand) this.#wake(sinceMs);
    else if (reason) this.#bound.setShut({ kind: 'asleep', reason });
    return this.#bound.start();
  }

  /** Somebody asked for it again, and may have answered what it waits for. */
  async startAgain(granted: Granted): Promise<void> {
    this.#permission.give(granted);
    this.#approval.askAgain();
    this.#by = 'asked';
    if (this.#bound.isAsleep) this.#wake();
    else this.#enter();
    if (this.#bound.isUnbound) await this.#bound.start();
  }

  /** Its limits count from now on, where what is asked before a start is answered anew. Throws what is not. */
  async prolong(granted: Granted): Promise<void> {
    const obstacle = startObstacle(this.definition, granted);
    if (obstacle) throw new AppError(obstacle.error.code, { ...obstacle.error.details, prolong: true });
    const wish = this.#wish('prolonged', granted.reason);
    const approval = await this.#options.host.approve(wish, this.#over.signal);
    if (approval?.kind === 'refused') throw new AppError(approval.error.code, approval.error.details);
    this.#limits?.prolong();
  }

  retryNow(): void {
    // The machine may have slept, and a limit passed.
    this.#limits?.look();
    this.#bound.retryNow();
  }

  /** The log can be written again, or cannot any more: then nothing of production goes on. */
  auditChanged(): void {
    if (!this.#isProduction || this.#isOver || this.isAsleep) return;
    const error = this.#unrecordable(this.#options.host.audit.unavailable);
    if (!error || this.#recorded !== 'yes') return this.#enter();
    this.#options.log.warn('ended, as it cannot be recorded', { code: error.code });
    this.#isOver = true;
    this.#options.onLimit(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Ends its connections, which are told why where that can be said, and frees its port; resolves when clean. */
  async stop(why?: AppError): Promise<void> {
    this.#isOver = true;
    this.#over.abort();
    this.#limits?.[Symbol.dispose]();
    this.#permission.withdraw();
    this.#approval.withdraw();
    await this.#bound.stop(why);
  }

  get #onDemand(): boolean {
    return this.definition.profile.onDemand ?? false;
  }

  #wake(sinceMs = this.#options.host.clock.wallMs()): void {
    this.#limits = new TunnelLimits({
      ...limitsOf(this.definition),
      clock: this.#options.host.clock,
      sinceMs,
      isBusy: () => this.local.connections > 0,
      onNear: (limit) => this.#limitNear(limit),
      onOver: (limit) => this.#limitOver(limit),
    });
    this.#limits.start();
    this.#enter();
  }

  #limitNear({ kind, endsAtMs }: Limit): void {
    if (this.limit?.kind !== kind) return;
    this.#options.log.info('its limit is near', { limit: kind, endsAt: new Date(endsAtMs).toISOString() });
    this.#options.onNear();
  }

  #limitOver(limit: Limit): void {
    if (this.#onDemand && limit.kind === 'idle') return this.#sleep();
    const error = limitError(this.definition, limit);
    this.#options.log.warn('ended by its policy', { code: error.code, limit: error.details.limit });
    this.#isOver = true;
    this.#options.onLimit(error);
  }

  /** Lets it use its cluster, or asks what has to be answered first. */
  #enter(): void {
    if (this.#isOver) return;
    const obstacle = this.#permission.look()?.error;
    const shut: Shut | undefined = obstacle ? { kind: 'blocked', error: obstacle } : this.#approval.look();
    this.#mayEnter = shut === undefined;
    this.#bound.setShut(shut ?? this.#shutUnrecorded());
    this.#record();
    // Somebody asks for it, or has answered: what the cluster has refused may be allowed by now.
    if (!shut) this.#bound.askAnew();
  }

  #approvalAnswered(): void {
    this.#enter();
    if (!this.#isOver) this.#options.onState({});
  }

  #wish(by: ApprovalWish['by'], reason: string | undefined): ApprovalWish {
    return { definition: this.definition, by, reason, client: by === 'on-demand' ? this.#client : undefined };
  }

  /** A production tunnel leads nowhere before its opening is on disk. */
  #shutUnrecorded(): Shut | undefined {
    if (!this.#isProduction || this.#recorded === 'yes') return undefined;
    const { audit, clock } = this.#options.host;
    const error = this.#unrecordable(audit.unavailable);
    return error ? { kind: 'blocked', error } : { kind: 'recording', sinceMs: clock.wallMs() };
  }

  /** Its opening is recorded once clients can reach it and it may use its cluster. */
  #record(): void {
    const { audit: tunnelAudit, host } = this.#options;
    const { addresses } = this.local;
    if (this.#isOver || !this.#mayEnter || this.#recorded !== 'no' || addresses.length === 0) return;
    if (this.#isProduction && host.audit.unavailable) return;
    tunnelAudit.opened(this.definition, {
      local: addresses.map(addressText),
      by: this.#by,
      reason: this.reason,
      approvedBy: this.#approval.by,
    });
    this.#recorded = 'writing';
    if (this.#isProduction) void host.audit.whenDurable().then(() => this.#written());
    else this.#recorded = 'yes';
  }

  #written(): void {
    if (this.#isOver || this.#recorded !== 'writing') return;
    this.#recorded = this.#options.host.audit.unavailable ? 'no' : 'yes';
    this.#enter();
    this.#options.onState({});
  }

  #unrecordable(error: ErrorData | undefined): ErrorData | undefined {
    return error && { ...error, details: { ...error.details, tunnel: this.definition.name } };
  }

  get #isProduction(): boolean {
    return this.definition.profile.policy?.environment === 'production';
  }

  #sleep(): void {
    this.#options.log.info('idle: the cluster is let go of');
    this.#limits?.[Symbol.dispose]();
    this.#limits = undefined;
    this.#permission.withdraw();
    this.#approval.withdraw();
    this.#mayEnter = false;
    this.#recorded = 'no';
    this.#bound.setShut({ kind: 'asleep' });
    this.#options.audit.closed('idle-limit');
    this.#options.onState({});
  }

  #moved(recovery: Recovery): void {
    this.#record();
    const { state } = this;
    const error = state.kind === 'blocked' ? state.error : undefined;
    const isLogin = error?.code === 'SP-LOGIN-REQUIRED' || error?.code === 'SP-CREDENTIAL-PLUGIN';
    this.#permission.needsLogin(isLogin ? error : undefined);
    this.#options.onState(recovery);
  }

  async #login(): Promise<void> {
    const { lease } = this;
    const { clusters } = this.#options.host;
    if (lease) await clusters.interactively(lease, () => lease.api.request({ path: '/version' }));
    this.retryNow();
  }

  #clientCame(peer: LocalPeer | undefined): void {
    if (this.#bound.isAsleep) {
      this.#options.log.info('woken by a client');
      this.#by = 'on-demand';
      this.#client = peer;
      this.#wake();
    }
    this.#options.onCounters();
  }

  #connection(event: ConnectionEvent): void {
    const { onConnection, onCounters } = this.#options;
    onConnection(event);
    if (this.#isOver) return;
    if (event.kind === 'end') {
      this.#clients.left();
      this.#limits?.used();
    }
    onCounters();
  }
}
