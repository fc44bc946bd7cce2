import { AppError } from '../base/app-error.ts';
import type { Log } from '../base/log.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { TunnelState } from '../contract/tunnel-state.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import type { ConnectionEvent } from '../tunnel/connection-event.ts';
import { type BindHost, BoundTunnel, type Recovery } from './bound-tunnel.ts';
import { ClientAdmission } from './client-admission.ts';
import type { ClusterLease } from './cluster-pool.ts';
import type { QuestionBoard } from './question-board.ts';
import { type Granted, startObstacle } from './start-obstacle.ts';
import { StartPermission } from './start-permission.ts';
import { listenSpec, type TunnelDefinition } from './tunnel-definition.ts';
import { type Limit, limitError, limitsOf, TunnelLimits } from './tunnel-limits.ts';

/** What a run needs of the daemon around it. */
export interface RunHost extends BindHost {
  readonly home: string;
  readonly peers: PeerFinder;
  readonly questions: QuestionBoard;
  keptPort(id: string): number | undefined;
  /** Agrees to a profile by its hash; what is defined by it is told by a new definition. */
  agree(id: string, hash: string): Promise<void>;
}

export interface TunnelRunOptions {
  readonly host: RunHost;
  readonly definition: TunnelDefinition;
  /** Why it sleeps at first, where it is on demand and there is more to say than that. */
  readonly asleepFor: ErrorData | undefined;
  readonly log: Log;
  /** Not called any more once it is let go of. */
  readonly onState: (recovery: Recovery) => void;
  /** What is counted, or ends it, is another. */
  readonly onCounters: () => void;
  /** Also of connections that end because it is let go of. */
  readonly onConnection: (event: ConnectionEvent) => void;
  /** Somebody said no to what was asked. */
  readonly onRefused: () => Promise<void>;
  /** A limit of its policy is over: whoever hears it disposes the run. Called once, possibly by `start`. */
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
  readonly #clients: ClientAdmission;
  readonly #bound: BoundTunnel;
  /** While it may use its cluster, or waits for leave to. */
  #limits: TunnelLimits | undefined;
  #isOver = false;

  constructor(options: TunnelRunOptions) {
    const { host, definition, log } = options;
    this.#options = options;
    this.definition = definition;
    this.#permission = new StartPermission({
      definition,
      questions: host.questions,
      agree: (id, hash) => host.agree(id, hash),
      login: () => this.#login(),
      refused: () => options.onRefused(),
      answered: () => this.#enter(),
    });
    const { local, policy } = definition.profile;
    const listen = listenSpec(local, host.keptPort(definition.id), host.home);
    this.#clients = new ClientAdmission({
      policy,
      listen: listen.kind,
      peers: host.peers,
      onAdmitted: () => this.#clientCame(),
    });
    this.#bound = new BoundTunnel({
      host,
      definition,
      log,
      listen,
      admit: this.#clients.admit,
      onState: (recovery) => this.#moved(recovery),
      onConnection: (event) => this.#connection(event),
    });
  }

  get state(): TunnelState {
    return this.#bound.state;
  }

  /** Waits for what a new definition may bring: leave to start, or another port. */
  get isStuck(): boolean {
    return this.definition.problem !== undefined || this.#bound.isUnbound;
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
    if (this.#bound.isAsleep) this.#wake();
    else this.#enter();
    if (this.#bound.isUnbound) await this.#bound.start();
  }

  /** Its limits count from now on, where what the policy asks before a start is answered anew. Throws what is not. */
  prolong(granted: Granted): void {
    const obstacle = startObstacle(this.definition, granted);
    if (obstacle) throw new AppError(obstacle.error.code, { ...obstacle.error.details, prolong: true });
    this.#limits?.prolong();
  }

  retryNow(): void {
    // The machine may have slept, and a limit passed.
    this.#limits?.look();
    this.#bound.retryNow();
  }

  /** Ends its connections and frees its port; resolves when clean. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#limits?.[Symbol.dispose]();
    this.#permission.withdraw();
    await this.#bound[Symbol.asyncDispose]();
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
    this.#options.onCounters();
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
    const obstacle = this.#permission.look();
    this.#bound.setShut(obstacle && { kind: 'blocked', error: obstacle.error });
    // Somebody asks for it, or has answered: what the cluster has refused may be allowed by now.
    if (!obstacle) this.#bound.askAnew();
  }

  #sleep(): void {
    this.#options.log.info('idle: the cluster is let go of');
    this.#limits?.[Symbol.dispose]();
    this.#limits = undefined;
    this.#permission.withdraw();
    this.#bound.setShut({ kind: 'asleep' });
    this.#options.onState({});
  }

  #moved(recovery: Recovery): void {
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

  #clientCame(): void {
    if (this.#bound.isAsleep) {
      this.#options.log.info('woken by a client');
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
