import { AppError } from '../base/app-error.ts';
import type { Log } from '../base/log.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { isSettled, shownState } from '../contract/shown-state.ts';
import type { TunnelState, Wanted } from '../contract/tunnel-state.ts';
import { parseTarget } from '../target/parse-target.ts';
import type { Recovery } from './bound-tunnel.ts';
import { checkReason } from './reason-pattern.ts';
import { type Granted, nothingGranted } from './start-obstacle.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';
import { tunnelEntity } from './tunnel-entity.ts';
import { TunnelRecord } from './tunnel-record.ts';
import { type RunHost, TunnelRun } from './tunnel-run.ts';

/** What a tunnel needs of the daemon around it. */
export interface TunnelHost extends RunHost {
  readonly log: Log;
  /** state: at once worth telling. counters: worth telling soon. */
  changed(id: string, what: 'state' | 'counters'): void;
  /** A limit of its policy took it down: it is not wanted any more. */
  ended(tunnel: ManagedTunnel): void;
  recovered(gapMs: number): void;
}

export interface UpOptions extends Partial<Granted> {
  /** It was wanted before the daemon ended: whatever is in its way is asked for with the port bound. */
  readonly restored?: { readonly sinceMs?: number | undefined };
  /** Where it is up, its limits count from now on. */
  readonly prolong?: boolean;
}

/** One tunnel over the daemon's life: what is wanted of it, what it has been through, and its run, which it has exactly while it is wanted on. */
export class ManagedTunnel implements AsyncDisposable {
  readonly record: TunnelRecord;
  readonly #host: TunnelHost;
  readonly #log: Log;
  #definition: TunnelDefinition;
  #wanted: Wanted = 'off';
  #upSinceMs: number | undefined;
  #run: TunnelRun | undefined;
  /** Why there is no run, or why the present one began, where a limit and nobody else ended the last one. */
  #endedBy: ErrorData | undefined;

  constructor(host: TunnelHost, definition: TunnelDefinition) {
    this.#host = host;
    this.#definition = definition;
    this.record = new TunnelRecord(host.clock);
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

  get entity(): TunnelEntity {
    return tunnelEntity({
      definition: this.#definition,
      run: this.#run,
      record: this.record,
      wanted: this.#wanted,
      state: this.state,
      upSinceMs: this.#upSinceMs,
      keptPort: this.#host.keptPort(this.id),
    });
  }

  /** What it is to be from its next start on. A definition that may start ends a wait for one. */
  redefine(definition: TunnelDefinition): void {
    const before = this.#definition;
    this.#definition = definition;
    if (before.digest === definition.digest && before.problem?.code === definition.problem?.code) return;
    if (this.#run?.isStuck && !definition.problem) {
      this.restart().catch((error) => this.#log.warn('not restarted', { error: String(error) }));
    } else this.#host.changed(this.id, 'state');
  }

  /**
   * Makes it wanted and binds its port; the rest follows by itself. Throws why it may not start or be prolonged, SP-REASON-MISMATCH and
   * SP-USAGE.
   */
  async up({ restored, confirmed = false, reason, prolong = false }: UpOptions = {}): Promise<void> {
    const { problem, profile } = this.#definition;
    if (problem && !restored) throw new AppError(problem.code, problem.details);
    if (!problem) parseTarget(profile.target);
    if (reason !== undefined) checkReason(profile.policy, reason);
    const granted = { confirmed, reason };
    if (this.#run && prolong) this.#prolong(this.#run, granted);
    if (this.#run) return this.#run.startAgain(granted);
    this.#upSinceMs = restored?.sinceMs ?? this.#host.clock.wallMs();
    this.#wanted = 'on';
    this.#endedBy = undefined;
    await this.#startRun(granted, this.#upSinceMs);
  }

  async down(wanted: 'off' | 'paused' = 'off'): Promise<void> {
    const isNews = this.#wanted !== wanted || this.#endedBy !== undefined;
    this.#wanted = wanted;
    this.#endedBy = undefined;
    if (wanted === 'off') this.#upSinceMs = undefined;
    await this.#endRun();
    if (isNews) this.#tell();
  }

  /** With its profile as it is now. */
  async restart(): Promise<void> {
    const { problem } = this.#definition;
    if (problem) throw new AppError(problem.code, problem.details);
    const wanted = this.#wanted;
    await this.#endRun();
    // Unless somebody took it down or paused it meanwhile.
    if (this.#wanted === wanted) await this.up();
  }

  /** It comes back as it was: paused, with its port free. */
  restorePaused(sinceMs: number | undefined): void {
    this.#wanted = 'paused';
    this.#upSinceMs = sinceMs;
  }

  retryNow(): void {
    this.#run?.retryNow();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endRun();
  }

  #startRun(granted: Granted, sinceMs: number): Promise<void> {
    this.#run = new TunnelRun({
      host: this.#host,
      definition: this.#definition,
      asleepFor: this.#endedBy,
      log: this.#log,
      onState: (recovery) => {
        if (recovery.gapMs !== undefined) this.#host.recovered(recovery.gapMs);
        this.#tell(recovery);
      },
      onCounters: () => this.#host.changed(this.id, 'counters'),
      onConnection: (event) => this.record.connection(event),
      onRefused: () => this.down(),
      onLimit: (error) =>
        void this.#limitOver(error).catch((thrown) =>
          this.#log.warn('not ended cleanly', { error: String(thrown) }),
        ),
    });
    return this.#run.start(granted, sinceMs);
  }

  #prolong(run: TunnelRun, granted: Granted): void {
    run.prolong(granted);
    this.#upSinceMs = this.#host.clock.wallMs();
    this.#log.info('prolonged', { reason: granted.reason });
    this.#host.changed(this.id, 'state');
  }

  /** On demand it begins anew, asleep with its port bound; else it is not wanted any more. */
  async #limitOver(error: ErrorData): Promise<void> {
    const isOnDemand = this.running?.profile.onDemand;
    this.#endedBy = error;
    if (!isOnDemand) this.#wanted = 'off';
    await this.#endRun();
    // Somebody may have started it again meanwhile, or taken it down.
    if (this.#endedBy !== error) return;
    if (isOnDemand) return this.#startRun(nothingGranted, this.#host.clock.wallMs());
    this.#upSinceMs = undefined;
    this.#tell();
    this.#host.ended(this);
  }

  async #endRun(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    if (!run) return;
    await run[Symbol.asyncDispose]();
    this.record.keepTraffic(run.local.traffic);
  }

  #tell(recovery: Recovery = {}): void {
    const { state } = this;
    this.record.state({
      atMs: this.#host.clock.wallMs(),
      wanted: this.#wanted,
      state,
      shown: shownState(this.#wanted, state),
      held: this.#run?.local.held ?? 0,
      ...recovery,
    });
    this.#host.changed(this.id, 'state');
  }
}
