import { AppError } from '../base/app-error.ts';
import type { Log } from '../base/log.ts';
import type { LiveConnection, TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { isSettled, shownState } from '../contract/shown-state.ts';
import type { TunnelState, Wanted } from '../contract/tunnel-state.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import type { StatementReader } from '../postgres/statement-reader.ts';
import { parseTarget } from '../target/parse-target.ts';
import type { Recovery } from './bound-tunnel.ts';
import { checkReason } from './reason-pattern.ts';
import { type Granted, nothingGranted } from './start-obstacle.ts';
import { TunnelAudit } from './tunnel-audit.ts';
import { isSwitchedOff, type TunnelDefinition } from './tunnel-definition.ts';
import { tunnelEntity } from './tunnel-entity.ts';
import { TunnelRecord } from './tunnel-record.ts';
import { type RunHost, TunnelRun } from './tunnel-run.ts';

/** What a tunnel needs of the daemon around it. */
export interface TunnelHost extends RunHost {
  readonly log: Log;
  /** For what is recorded of statements. */
  readonly statements: Pick<StatementReader, 'read'>;
  /** state: at once worth telling. counters: worth telling soon. */
  changed(id: string, what: 'state' | 'counters'): void;
  /** A limit of its policy, or its profile, took it down: it is not wanted any more. */
  ended(tunnel: ManagedTunnel): void;
  recovered(gapMs: number): void;
}

export interface UpOptions extends Partial<Granted> {
  /** It was wanted before the daemon ended: whatever is in its way is asked for with the port bound. */
  readonly restored?: { readonly sinceMs?: number | undefined };
  /** Nobody asked: its profile is on demand, and the port is there from the start. */
  readonly unasked?: boolean;
  /** Where it is up, its limits count from now on. */
  readonly prolong?: boolean;
}

/** One tunnel over the daemon's life: what is wanted of it, what it has been through, and its run, which it has exactly while it is wanted on. */
export class ManagedTunnel implements AsyncDisposable {
  readonly record: TunnelRecord;
  readonly audit: TunnelAudit;
  readonly #host: TunnelHost;
  readonly #log: Log;
  #definition: TunnelDefinition;
  #wanted: Wanted = 'off';
  #upSinceMs: number | undefined;
  #run: TunnelRun | undefined;
  #isAsked = false;
  #isOver = false;
  /** Why there is no run, or why the present one began, where a limit and nobody else ended the last one. */
  #endedBy: ErrorData | undefined;
  /** Of a run that is being ended, for what is recorded of its last connections. */
  #lastApi: KubeApi | undefined;

  constructor(host: TunnelHost, definition: TunnelDefinition) {
    this.#host = host;
    this.#definition = definition;
    this.record = new TunnelRecord(host.clock);
    this.audit = new TunnelAudit({
      sink: host.audit,
      clock: host.clock,
      id: definition.id,
      profile: definition.origin.kind === 'profile' ? definition.id : undefined,
      reader: host.statements,
      api: () => this.#run?.lease?.api ?? this.#lastApi,
    });
    this.#log = this.record.lines.log(host.log, definition.id);
  }

  get id(): string {
    return this.#definition.id;
  }

  get definition(): TunnelDefinition {
    return this.#definition;
  }

  /** What it runs with; a profile that changes is taken up by the next start. */
  get running(): TunnelDefinition | undefined {
    return this.#run?.definition;
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  get upSinceMs(): number | undefined {
    return this.#upSinceMs;
  }

  get state(): TunnelState {
    return this.#run?.state ?? { kind: 'off', ...(this.#endedBy && { reason: this.#endedBy }) };
  }

  get isSettled(): boolean {
    return isSettled(this.state);
  }

  /** That are through to a pod now. */
  get connections(): LiveConnection[] {
    const local = this.#run?.local;
    return this.record.connections((connection) => local?.trafficOf(connection));
  }

  get entity(): TunnelEntity {
    return tunnelEntity({
      definition: this.#definition,
      run: this.#run,
      record: this.record,
      wanted: this.#wanted,
      state: this.state,
      upSinceMs: this.#upSinceMs,
      keptPort: this.#host.keptPort(this.id),
      unrecorded: this.#run && this.#host.audit.unavailable,
    });
  }

  /** What it is to be from its next start on. A definition that may start ends a wait for one. */
  redefine(definition: TunnelDefinition): void {
    const before = this.#definition;
    this.#definition = definition;
    if (this.#isOutdated || this.#isWithdrawn) return this.#renewSoon();
    if (isSame(before, definition)) return;
    if (this.#run?.isStuck && !definition.problem) {
      if (!this.#isAsked) return this.#renewSoon();
      this.restart().catch((error) => this.#log.warn('not restarted', { error: String(error) }));
    } else this.#host.changed(this.id, 'state');
  }

  /**
   * Makes it wanted and binds its port; the rest follows by itself. Throws why it may not start or be prolonged, SP-REASON-MISMATCH,
   * SP-AUDIT-UNAVAILABLE and SP-USAGE.
   */
  async up(options: UpOptions = {}): Promise<void> {
    try {
      await this.#up(options);
    } catch (error) {
      this.audit.denied(AppError.from(error).toData(), options.reason);
      throw error;
    }
  }

  async #up(options: UpOptions): Promise<void> {
    const { restored, unasked = false, confirmed = false, reason, prolong = false } = options;
    const { problem, profile, name } = this.#definition;
    if (problem && !restored) throw new AppError(problem.code, problem.details);
    if (!problem) parseTarget(profile.target);
    if (reason !== undefined) checkReason(profile.policy, reason);
    const { unavailable } = this.#host.audit;
    if (unavailable && profile.policy?.environment === 'production' && !restored)
      throw new AppError(unavailable.code, { ...unavailable.details, tunnel: name });
    const granted = { confirmed, reason };
    this.#isAsked = !unasked;
    if (this.#run && prolong) await this.#prolong(this.#run, granted);
    if (this.#run) return this.#run.startAgain(granted);
    this.#upSinceMs = restored?.sinceMs ?? this.#host.clock.wallMs();
    this.#wanted = 'on';
    this.#endedBy = undefined;
    const sinceMs = this.#upSinceMs;
    await this.#startRun(this.#definition, { granted, sinceMs, isRestored: restored !== undefined });
  }

  async down(wanted: 'off' | 'paused' = 'off'): Promise<void> {
    const isNews = this.#wanted !== wanted || this.#endedBy !== undefined;
    this.#wanted = wanted;
    this.#endedBy = undefined;
    if (wanted === 'off') this.#upSinceMs = undefined;
    await this.#endRun(wanted === 'paused' ? 'paused' : 'asked');
    if (isNews) this.#tell();
  }

  /** With its profile as it is now. */
  async restart(): Promise<void> {
    const { problem } = this.#definition;
    if (problem) {
      this.audit.denied(problem, undefined);
      throw new AppError(problem.code, problem.details);
    }
    const wanted = this.#wanted;
    await this.#endRun('asked');
    // Unless somebody took it down or paused it meanwhile.
    if (this.#wanted === wanted) await this.up({ unasked: !this.#isAsked });
  }

  /** It comes back as it was: paused, with its port free. */
  restorePaused(sinceMs: number | undefined): void {
    this.#wanted = 'paused';
    this.#upSinceMs = sinceMs;
  }

  retryNow(): void {
    this.#run?.retryNow();
  }

  /** The audit log can be written again, or cannot any more. */
  auditChanged(): void {
    if (!this.#run) return;
    this.#run.auditChanged();
    this.#host.changed(this.id, 'state');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#endRun('daemon-ended');
  }

  /** It sleeps, and its profile is not what it would wake up with. */
  get #isOutdated(): boolean {
    return this.#run?.isAsleep === true && !isSame(this.#run.definition, this.#definition);
  }

  /** It runs by an agreement that is no more. One that has changed since is no such thing: who runs it did agree to that. */
  get #isWithdrawn(): boolean {
    const isUntrusted = this.#definition.trust?.trust.kind === 'untrusted';
    return isUntrusted && this.#run !== undefined && this.#run.definition.problem === undefined;
  }

  #renewSoon(): void {
    this.#renew().catch((error) => this.#log.warn('not renewed', { error: String(error) }));
  }

  /** A new run, of its profile as it is now. */
  async #renew(): Promise<void> {
    const ran = this.running;
    await this.#endRun('profile-changed');
    // Unless somebody took it down or up meanwhile.
    if (!ran || this.#wanted !== 'on' || this.#run) return;
    const next = this.#successor(ran);
    const sinceMs = this.#upSinceMs ?? this.#host.clock.wallMs();
    if (next) return this.#startRun(next, { granted: nothingGranted, sinceMs });
    await this.down();
    this.#host.ended(this);
  }

  /**
   * What the run after this one begins with; undefined: there is to be none. A profile that may not start keeps its port, but must not choose
   * another one, nor anything else.
   */
  #successor(ran: TunnelDefinition): TunnelDefinition | undefined {
    const { digest, problem, profile, trust } = this.#definition;
    const isOff = problem ? isSwitchedOff(problem) : !profile.onDemand;
    if (isOff && !this.#isAsked) return undefined;
    return problem ? { ...ran, digest, problem, trust } : this.#definition;
  }

  async #startRun(
    definition: TunnelDefinition,
    {
      granted,
      sinceMs,
      isRestored = false,
    }: { readonly granted: Granted; readonly sinceMs: number; readonly isRestored?: boolean },
  ): Promise<void> {
    if (this.#isOver) return;
    this.#run = new TunnelRun({
      host: this.#host,
      definition,
      asleepFor: this.#endedBy,
      log: this.#log,
      audit: this.audit,
      isRestored,
      onState: (recovery) => {
        if (recovery.gapMs !== undefined) this.#host.recovered(recovery.gapMs);
        this.#tell(recovery);
        if (this.#isOutdated) this.#renewSoon();
      },
      onCounters: () => this.#host.changed(this.id, 'counters'),
      onNear: () => this.#host.changed(this.id, 'state'),
      onConnection: (event) => {
        this.record.connection(event);
        this.audit.connection(event);
      },
      onSession: (event, connection) => {
        this.audit.postgres(event, connection);
        if (event.kind !== 'login') return;
        const { role: user, database, applicationName: application } = event;
        this.record.loggedIn(connection, { user, database, application });
      },
      onRefused: () => {
        const { state } = this;
        if (state.kind === 'blocked') this.audit.denied(state.error, undefined);
        return this.down();
      },
      onLimit: (error) =>
        void this.#limitOver(error).catch((thrown) =>
          this.#log.warn('not ended cleanly', { error: String(thrown) }),
        ),
    });
    await this.#run.start(granted, sinceMs);
  }

  async #prolong(run: TunnelRun, granted: Granted): Promise<void> {
    await run.prolong(granted);
    // Unless it has ended while somebody was asked.
    if (run !== this.#run) return;
    this.#upSinceMs = this.#host.clock.wallMs();
    this.#log.info('prolonged', { reason: granted.reason });
    this.#host.changed(this.id, 'state');
  }

  /** On demand it begins anew, asleep with its port bound; else it is not wanted any more. */
  async #limitOver(error: ErrorData): Promise<void> {
    const ran = this.running;
    const next = ran?.profile.onDemand ? this.#successor(ran) : undefined;
    this.#endedBy = error;
    if (!next) this.#wanted = 'off';
    await this.#endRun(closedBy(error), new AppError(error.code, error.details));
    // Somebody may have started it again meanwhile, or taken it down.
    if (this.#endedBy !== error) return;
    if (next) return this.#startRun(next, { granted: nothingGranted, sinceMs: this.#host.clock.wallMs() });
    this.#upSinceMs = undefined;
    this.#tell();
    this.#host.ended(this);
  }

  async #endRun(why: Parameters<TunnelAudit['closed']>[0], told?: AppError): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (!run) return;
    this.#lastApi = run.lease?.api;
    await run.stop(told);
    this.audit.closed(why);
    this.#lastApi = undefined;
    this.record.keepTraffic(run.local.traffic);
  }

  #tell(recovery: Recovery = {}): void {
    const { state } = this;
    const entry = {
      atMs: this.#host.clock.wallMs(),
      wanted: this.#wanted,
      state,
      shown: shownState(this.#wanted, state),
      held: this.#run?.local.held ?? 0,
      ...recovery,
    };
    this.record.state(entry);
    this.audit.state(entry);
    this.#host.changed(this.id, 'state');
  }
}

function isSame(one: TunnelDefinition, other: TunnelDefinition): boolean {
  return one.digest === other.digest && one.problem?.code === other.problem?.code;
}

function closedBy({ code }: ErrorData): Parameters<TunnelAudit['closed']>[0] {
  if (code === 'SP-AUDIT-UNAVAILABLE') return 'audit';
  return code === 'SP-IDLE-LIMIT' ? 'idle-limit' : 'time-limit';
}
