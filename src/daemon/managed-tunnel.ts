import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { shownState } from '../contract/shown-state.ts';
import type { TunnelState, Wanted } from '../contract/tunnel-state.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import { createPeerCheck, ownUids } from '../peer/peer-policy.ts';
import { portOwner } from '../peer/port-owner.ts';
import { parseTarget } from '../target/parse-target.ts';
import type { Admission, Admit } from '../tunnel/listener.ts';
import { createTunnel, type Tunnel } from '../tunnel/tunnel.ts';
import type { ClusterChoice, ClusterLease, ClusterPool } from './cluster-pool.ts';
import { GatedUpstream, type Shut } from './gated-upstream.ts';
import type { QuestionBoard, QuestionDraft } from './question-board.ts';
import { checkReason } from './reason-pattern.ts';
import { listenSpec, localPortOf, type TunnelDefinition } from './tunnel-definition.ts';
import { TunnelRecord } from './tunnel-record.ts';

/** A port that another program has is tried again this often. */
const bindAgainMs = 15_000;
/** How long an on-demand tunnel keeps the cluster after its last client. */
const idleMs = 300_000;

/** What a tunnel needs of the daemon around it. */
export interface TunnelHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly home: string;
  readonly clusters: ClusterPool;
  readonly questions: QuestionBoard;
  readonly peers: PeerFinder;
  /** Rejects with SP-CLUSTER-* and SP-KUBECONFIG-*. */
  contextOf(definition: TunnelDefinition): Promise<ClusterChoice>;
  keptPort(id: string): number | undefined;
  keepPort(id: string, port: number): void;
  /** Agrees to a profile by its hash; what is defined by it is told by `redefine`. */
  agree(id: string, hash: string): Promise<void>;
  /** state: at once worth telling. counters: worth telling soon. */
  changed(id: string, what: 'state' | 'counters'): void;
  recovered(gapMs: number): void;
}

/** What who starts it says beforehand to the questions that its policy asks. */
export interface Granted {
  readonly confirmed: boolean;
  readonly reason: string | undefined;
}

const nothingGranted: Granted = { confirmed: false, reason: undefined };

/** One tunnel over the daemon's life, up or not: what is wanted of it, what it is, what it has been through. */
export class ManagedTunnel implements AsyncDisposable {
  readonly record = new TunnelRecord();
  readonly #host: TunnelHost;
  readonly #log: Log;
  #definition: TunnelDefinition;
  /** What it runs with; a profile that changes is taken up by the next start. */
  #running: TunnelDefinition | undefined;
  #wanted: Wanted = 'off';
  #upSinceMs: number | undefined;
  #granted = nothingGranted;
  #tunnel: Tunnel | undefined;
  #gate: GatedUpstream | undefined;
  #lease: ClusterLease | undefined;
  #bindError: { readonly error: ErrorData; readonly sinceMs: number } | undefined;
  #again: Timer | undefined;
  #idle: Timer | undefined;
  #clients = 0;
  #question: { readonly id: string; readonly kind: QuestionDraft['kind'] } | undefined;

  constructor(host: TunnelHost, definition: TunnelDefinition) {
    this.#host = host;
    this.#definition = definition;
    this.#log = this.record.log(host.log, host.clock, definition.id);
  }

  get id(): string {
    return this.#definition.id;
  }

  get definition(): TunnelDefinition {
    return this.#definition;
  }

  get running(): TunnelDefinition | undefined {
    return this.#running;
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  get upSinceMs(): number | undefined {
    return this.#upSinceMs;
  }

  get isBusy(): boolean {
    return this.#clients > 0;
  }

  get state(): TunnelState {
    if (this.#wanted !== 'on') return { kind: 'off' };
    if (this.#bindError) return { kind: 'blocked', ...this.#bindError };
    if (this.#gate?.shut?.kind === 'asleep') return { kind: 'off' };
    return this.#tunnel?.state ?? { kind: 'off' };
  }

  /** Nothing more comes by itself soon: it is ready, needs its user, or is off. */
  get isSettled(): boolean {
    return this.state.kind !== 'connecting' && this.state.kind !== 'waiting';
  }

  get entity(): TunnelEntity {
    const { id, name, origin, profile } = this.#running ?? this.#definition;
    const { description, kind = 'tcp', policy, namespace, target, port, local, onDemand = false } = profile;
    const { state, record } = this;
    return {
      id,
      name,
      origin,
      description,
      kind,
      environment: policy?.environment,
      namespace: namespace ?? this.#lease?.api.namespace,
      target,
      port,
      cluster: this.#lease && { context: this.#lease.api.contextName, server: this.#lease.api.server },
      wanted: this.#wanted,
      state,
      shown: shownState(this.#wanted, state),
      onDemand,
      addresses: [...(this.#tunnel?.addresses ?? [])],
      localPort: localPortOf(local) ?? this.#host.keptPort(id),
      connections: this.#tunnel?.connections ?? 0,
      held: this.#tunnel?.held ?? 0,
      traffic: record.traffic(this.#tunnel?.traffic),
      upSinceMs: this.#upSinceMs,
      lastError: record.lastError,
      reason: this.#granted.reason,
      questions: this.#question ? [this.#question.id] : [],
      profileChanged: this.#running !== undefined && this.#running.digest !== this.#definition.digest,
    };
  }

  /** The cluster that it uses now; undefined while it uses none. */
  get lease(): ClusterLease | undefined {
    return this.#lease;
  }

  /** What it is to be from its next start on. A definition that may start now ends a wait for that. */
  redefine(definition: TunnelDefinition): void {
    const before = this.#definition;
    this.#definition = definition;
    if (before.digest === definition.digest && before.problem?.code === definition.problem?.code) return;
    if (this.#running?.problem && !definition.problem && this.#wanted === 'on') void this.restart();
    else this.#host.changed(this.id, 'state');
  }

  /**
   * Makes it wanted and binds its port; the rest follows by itself. Throws why it may not start, SP-REASON-MISMATCH and SP-USAGE.
   * `restored`: it was wanted before the daemon ended, so that whatever is in its way is asked for with the port bound.
   */
  async up(given: Partial<Granted> & { readonly restored?: { readonly sinceMs?: number | undefined } } = {}) {
    const { restored, confirmed = false, reason } = given;
    const { problem, profile } = this.#definition;
    if (problem && !restored) throw new AppError(problem.code, problem.details);
    if (!problem) parseTarget(profile.target);
    if (reason !== undefined) checkReason(profile.policy, reason);
    this.#granted = {
      confirmed: confirmed || this.#granted.confirmed,
      reason: reason ?? this.#granted.reason,
    };
    if (this.#wanted === 'on' && this.#tunnel) return this.#enter();
    this.#upSinceMs = restored?.sinceMs ?? this.#host.clock.wallMs();
    this.#wanted = 'on';
    await this.#bind();
  }

  async down(wanted: 'off' | 'paused' = 'off'): Promise<void> {
    const was = this.#wanted;
    this.#wanted = wanted;
    if (wanted === 'off') this.#upSinceMs = undefined;
    await this.#letGo();
    if (was !== wanted) this.#told();
  }

  /** With its profile as it is now. */
  async restart(): Promise<void> {
    const { problem } = this.#definition;
    if (problem) throw new AppError(problem.code, problem.details);
    await this.#letGo();
    await this.up();
  }

  /** It comes back as it was: paused, with its port free. */
  restorePaused(sinceMs: number | undefined): void {
    this.#wanted = 'paused';
    this.#upSinceMs = sinceMs;
  }

  retryNow(): void {
    if (this.#bindError) void this.#bind();
    else this.#tunnel?.retryNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#letGo();
  }

  async #bind(): Promise<void> {
    const { clock, home } = this.#host;
    this.#again?.cancel();
    const definition = this.#definition;
    const { id, profile } = definition;
    this.#running = definition;
    const gate = this.#createGate(profile.onDemand ? { kind: 'asleep' } : undefined, definition);
    this.#gate = gate;
    if (!profile.onDemand) this.#enter();
    const listen = listenSpec(profile.local, this.#host.keptPort(id), home);
    const tunnel = createTunnel({
      upstream: gate,
      clock,
      log: this.#log,
      listen,
      portOwner,
      admit: this.#admission(listen.kind),
    });
    this.#tunnel = tunnel;
    const isStale = () => tunnel !== this.#tunnel;
    tunnel.onState(({ gapMs, served }) => {
      if (isStale()) return;
      if (gapMs !== undefined) this.#host.recovered(gapMs);
      this.#followLogin();
      this.#told({ ...(gapMs !== undefined && { gapMs }), ...(served !== undefined && { served }) });
    });
    tunnel.onConnection((event) => {
      this.record.connection(event);
      if (event.kind === 'end') this.#clientLeft();
      if (!isStale()) this.#host.changed(id, 'counters');
    });
    try {
      await tunnel.start();
      // Somebody took it down meanwhile, or bound it anew.
      if (isStale()) return tunnel.stop();
      this.#bindError = undefined;
      const bound = tunnel.addresses.find((address) => address.kind === 'tcp');
      if (profile.local === undefined && bound) this.#host.keepPort(id, bound.port);
    } catch (thrown) {
      if (isStale()) return;
      this.#tunnel = undefined;
      const error = AppError.from(thrown).toData();
      this.#bindError = { error, sinceMs: this.#bindError?.sinceMs ?? clock.wallMs() };
      this.#log.warn('port not bound', { code: error.code, ...error.details });
      this.#again = clock.after(bindAgainMs, () => void this.#bind());
    }
    this.#told();
  }

  #createGate(shut: Shut | undefined, definition: TunnelDefinition): GatedUpstream {
    const { clusters } = this.#host;
    const { profile } = definition;
    const gate: GatedUpstream = new GatedUpstream(
      {
        clock: this.#host.clock,
        lease: async () => {
          const choice = await this.#host.contextOf(definition);
          return clusters.lease(choice, () => (this.#tunnel?.held ?? 0) > 0);
        },
        upstreamOf: ({ engine, api }) =>
          engine.upstream({
            target: parseTarget(profile.target),
            namespace: profile.namespace ?? api.namespace,
            port: profile.port,
          }),
        onRetry: () => this.#tunnel?.retryNow(),
        onLease: (lease) => {
          if (gate === this.#gate) this.#lease = lease;
        },
      },
      shut,
    );
    return gate;
  }

  /** Ends everything that runs; what is wanted stays as it is. */
  async #letGo(): Promise<void> {
    const tunnel = this.#tunnel;
    this.#tunnel = undefined;
    this.#gate = undefined;
    this.#running = undefined;
    this.#lease = undefined;
    this.#bindError = undefined;
    this.#granted = nothingGranted;
    this.#clients = 0;
    this.#again?.cancel();
    this.#idle?.cancel();
    this.#withdrawQuestion();
    if (!tunnel) return;
    await tunnel.stop();
    this.record.keepTraffic(tunnel.traffic);
  }

  /** Opens the gate, or asks what has to be answered first. */
  #enter(): void {
    const gate = this.#gate;
    const definition = this.#running;
    if (!gate || !definition) return;
    const obstacle = this.#obstacle(definition);
    if (!obstacle) {
      this.#withdrawQuestion();
      return gate.setShut(undefined);
    }
    if (obstacle.question) this.#ask(obstacle.question);
    gate.setShut({ kind: 'blocked', error: obstacle.error });
  }

  #obstacle(
    definition: TunnelDefinition,
  ): { readonly error: ErrorData; readonly question?: QuestionDraft } | undefined {
    const { id, name, problem, trust, profile } = definition;
    const { confirm, reason, environment } = profile.policy ?? {};
    if (problem) {
      if (!trust) return { error: problem };
      const changes = trust.trust.kind === 'changed' ? trust.trust.changes : undefined;
      return {
        error: problem,
        question: { kind: 'trust', tunnel: id, profile: id, hash: trust.hash, changes },
      };
    }
    if (confirm && !this.#granted.confirmed) {
      return {
        error: { code: 'SP-CONFIRM-REQUIRED', details: { tunnel: name } },
        question: { kind: 'confirm', tunnel: id, environment },
      };
    }
    if (reason && this.#granted.reason === undefined) {
      const { pattern, example } = typeof reason === 'object' ? reason : {};
      return {
        error: { code: 'SP-REASON-REQUIRED', details: { tunnel: name, example } },
        question: { kind: 'reason', tunnel: id, pattern, example },
      };
    }
    return undefined;
  }

  #ask(draft: QuestionDraft): void {
    if (this.#question?.kind === draft.kind) return;
    this.#withdrawQuestion();
    const { questions, agree } = this.#host;
    const id = questions.ask(draft, async (answer) => {
      switch (answer.kind) {
        case 'no':
          return this.down();
        case 'confirm':
          this.#granted = { ...this.#granted, confirmed: true };
          break;
        case 'reason':
          checkReason(this.#running?.profile.policy, answer.reason);
          this.#granted = { ...this.#granted, reason: answer.reason };
          break;
        case 'trust':
          return agree(this.id, answer.hash);
        case 'login':
          await this.#login();
          break;
        case 'password':
        case 'passphrase':
          return;
      }
      this.#question = undefined;
      this.#enter();
    });
    this.#question = { id, kind: draft.kind };
  }

  #withdrawQuestion(): void {
    const question = this.#question;
    this.#question = undefined;
    if (question) this.#host.questions.withdraw(question.id);
  }

  /** A login is asked for while the cluster asks for one. */
  #followLogin(): void {
    const state = this.#tunnel?.state;
    const error = state?.kind === 'blocked' ? state.error : undefined;
    if (error?.code === 'SP-LOGIN-REQUIRED' || error?.code === 'SP-CREDENTIAL-PLUGIN') {
      this.#ask({ kind: 'login', tunnel: this.id, error });
    } else if (this.#question?.kind === 'login') this.#withdrawQuestion();
  }

  async #login(): Promise<void> {
    const lease = this.#lease;
    if (lease) await this.#host.clusters.interactively(lease, () => lease.api.request({ path: '/version' }));
    this.#tunnel?.retryNow();
  }

  /** Who it is comes first: others must not so much as wake the tunnel. */
  #admission(listen: 'tcp' | 'unix'): Admit {
    const { programs } = this.#running?.profile.policy ?? {};
    const check = createPeerCheck({ finder: this.#host.peers, listen, uids: ownUids({}), programs });
    return async (socket) => {
      const verdict = await check(socket);
      // Of one that has gone no end will be told, which what is counted here waits for.
      return verdict.kind === 'denied' || socket.destroyed ? verdict : (this.#refuse() ?? verdict);
    };
  }

  /** Why there is no room for another client; otherwise it counts from here on. */
  #refuse(): (Admission & { readonly kind: 'denied' }) | undefined {
    const { maxConnections: limit } = this.#running?.profile.policy ?? {};
    if (limit !== undefined && this.#clients >= limit)
      return { kind: 'denied', error: { code: 'SP-CONNECTION-LIMIT', details: { limit } } };
    this.#clients++;
    this.#idle?.cancel();
    if (this.#gate?.shut?.kind === 'asleep') {
      this.#log.info('woken by a client');
      this.#enter();
    }
    this.#host.changed(this.id, 'counters');
    return undefined;
  }

  #clientLeft(): void {
    this.#clients = Math.max(0, this.#clients - 1);
    if (this.#clients > 0 || !this.#running?.profile.onDemand || this.#wanted !== 'on') return;
    this.#idle?.cancel();
    this.#idle = this.#host.clock.after(idleMs, () => {
      this.#log.info('idle: the cluster is let go of');
      this.#granted = nothingGranted;
      this.#withdrawQuestion();
      this.#gate?.setShut({ kind: 'asleep' });
      this.#told();
    });
  }

  #told(recovery: { readonly gapMs?: number; readonly served?: number } = {}): void {
    const { state } = this;
    const held = this.#tunnel?.held ?? 0;
    const shown = shownState(this.#wanted, state);
    this.record.state({
      atMs: this.#host.clock.wallMs(),
      wanted: this.#wanted,
      state,
      shown,
      held,
      ...recovery,
    });
    this.#host.changed(this.id, 'state');
  }
}
