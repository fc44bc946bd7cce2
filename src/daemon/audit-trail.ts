/**
 * One writer's audit log, from what happens to what is on disk and with others. Nobody waits for it but a production tunnel: events are taken
 * at once, also before the log can be opened and while it cannot be written, as many as fit; what did not fit is counted.
 */
import { AuditLog } from '../audit/audit-log.ts';
import { headStamp } from '../audit/head-stamp.ts';
import { takeSlot } from '../audit/log-slots.ts';
import { noteOtherLogs } from '../audit/other-logs.ts';
import { applyRetention, type RetentionLimits } from '../audit/retention.ts';
import { backoffMs } from '../base/backoff.ts';
import { type Clock, inTime, type Timer } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log } from '../base/log.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import type { AuditStatus } from '../contract/audit-status.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { ShipperSettings } from './audit-destination.ts';
import type { AuditKey } from './audit-key.ts';
import { AuditShipping } from './audit-shipping.ts';

export interface AuditTrailOptions {
  /** Holds the folders of all logs. */
  readonly folder: string;
  readonly writer: 'daemon' | 'forward';
  readonly key: AuditKey;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly retention: RetentionLimits;
  readonly shippers: readonly ShipperSettings[];
  readonly home: string;
}

export type AuditState = AuditStatus['state'];

/** Taken before the log is open. */
const maxEarly = 10_000;
const openAgain = { firstMs: 250, maxMs: 10_000 };
/** At the end the key is waited for so long: a log that ends soon after its start is signed too, unless its keychain asks a person. */
const keyAtEndMs = 1_000;
const housekeepingMs = 3_600_000;
const notesMs = 24 * 3_600_000;

/** The log while it is open. */
interface Opened extends AsyncDisposable {
  readonly log: AuditLog;
  readonly folder: string;
  readonly shipping: AuditShipping;
}

export class AuditTrail implements AsyncDisposable {
  readonly #options: AuditTrailOptions;
  readonly #states = new Listeners<AuditState>();
  readonly #early: { readonly event: AuditEvent; readonly atMs: number }[] = [];
  #lost: { count: number; readonly since: string; until: string } | undefined;
  #state: AuditState = { kind: 'starting' };
  #opened: Opened | undefined;
  #opening: Promise<void> | undefined;
  #failures = 0;
  #again: Timer | undefined;
  #keySettled: Promise<void> = Promise.resolve();
  #housekeeping: Timer | undefined;
  #notedMs = Number.NEGATIVE_INFINITY;
  #isOver = false;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
  }

  get state(): AuditState {
    return this.#state;
  }

  /** Called with each change of the state; the returned function ends that. */
  onState(listener: (state: AuditState) => void): () => void {
    return this.#states.add(listener);
  }

  /** Takes an event. Never waits, never throws. `atMs` since the Unix epoch. */
  append(event: AuditEvent, atMs: number = this.#options.clock.wallMs()): void {
    if (this.#opened) return void this.#opened.log.append(event, atMs);
    if (this.#early.length < maxEarly) return void this.#early.push({ event, atMs });
    const at = new Date(atMs).toISOString();
    this.#lost ??= { count: 0, since: at, until: at };
    this.#lost.count++;
    this.#lost.until = at;
  }

  /** Opens the log; what is in the way of that is its state, and tried again. Never rejects. */
  start(): Promise<void> {
    this.#opening ??= this.#open()
      .catch((error) => this.#notOpened(error as NodeJS.ErrnoException))
      .finally(() => {
        this.#opening = undefined;
      });
    return this.#opening;
  }

  /** Resolves once all that was taken is on disk: with why it cannot be there now, where that is so. */
  async whenDurable(): Promise<ErrorData | undefined> {
    if (!this.#opened) await this.start();
    await this.#opened?.log.flush();
    return this.unavailable;
  }

  /** Why nothing can be recorded now. */
  get unavailable(): ErrorData | undefined {
    return unavailableError(this.#state, this.#options.folder);
  }

  /** Where the log stands, for the end of the User-Agent of requests that the cluster records, behind a blank; empty before its first line is on disk. */
  get stamp(): string {
    const log = this.#opened?.log;
    return log && log.head.seq > 0 ? ` ${headStamp(log.log, log.head)}` : '';
  }

  get status(): AuditStatus {
    const { folder, key } = this.#options;
    const { log, shipping } = this.#opened ?? {};
    return {
      folder,
      state: this.#state,
      ...(log && log.head.seq > 0 && { head: log.head }),
      ...(key.kept && { key: { key: key.key, kept: key.kept } }),
      shippers: shipping?.statuses(log?.head.seq ?? 0) ?? [],
    };
  }

  /** Writes and signs what waits, as far as that is possible now. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#again?.cancel();
    this.#housekeeping?.cancel();
    await this.#opening;
    await inTime(this.#options.clock, keyAtEndMs, this.#keySettled);
    await this.#opened?.[Symbol.asyncDispose]();
  }

  async #open(): Promise<void> {
    if (this.#opened || this.#isOver) return;
    const { folder, writer, key, clock, version, home, shippers, log: daemonLog } = this.#options;
    await using opening = new AsyncDisposableStack();
    const slot = await takeSlot({ folder, writer, version, clock });
    if (!slot) throw Object.assign(new Error(`each log of a ${writer} is being written`), { code: 'EBUSY' });
    opening.use(slot.lock);
    const log = opening.use(new AuditLog({ folder: slot.folder, signer: key, clock, version }));
    // Beside all else: it may ask a person. Lines stand unsigned until then.
    this.#keySettled = key.load().then(
      () => this.#keyLoaded(log),
      (error) => daemonLog.warn('audit key not remembered', { error: String(error) }),
    );
    if (this.#lost) log.append({ event: 'events-lost', ...this.#lost });
    this.#lost = undefined;
    for (const { event, atMs } of this.#early.splice(0)) log.append(event, atMs);
    const shipping = opening.use(
      new AuditShipping({ folder, logFolder: slot.folder, log, clock, version, home, settings: shippers }),
    );
    const parts = opening.move();
    this.#opened = {
      log,
      folder: slot.folder,
      shipping,
      [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
    log.onState((state) => this.#become(state));
    await log.flush();
    await shipping.start();
    this.#keepHouse();
  }

  #keyLoaded(opened: AuditLog): void {
    const { key, log } = this.#options;
    void opened.flush({ sign: true });
    if (key.kept?.in === 'memory') {
      log.warn('audit signing key is kept for this run alone', { key: key.key, why: key.kept.why });
    }
  }

  #notOpened(error: NodeJS.ErrnoException): void {
    const { clock } = this.#options;
    const code = error.code ?? error.message;
    const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'unwritable';
    const sinceMs = this.#state.kind === 'unavailable' ? this.#state.sinceMs : clock.wallMs();
    this.#become({ kind: 'unavailable', why, code, sinceMs });
    if (this.#isOver) return;
    this.#again?.cancel();
    this.#again = clock.after(backoffMs(this.#failures++, openAgain), () => void this.start());
  }

  #become(state: AuditState): void {
    const before = this.#state;
    this.#state = state;
    if (before.kind === state.kind) return;
    const { log } = this.#options;
    const folder = this.#opened?.folder ?? this.#options.folder;
    if (state.kind === 'unavailable') log.warn('audit log cannot be written', { folder, code: state.code });
    else if (state.kind === 'writing') log.info('audit log is written', { folder });
    this.#states.emit(state);
  }

  /** Drops old files and notes where other logs stand; each hour, and each day. */
  #keepHouse(): void {
    const { clock, log } = this.#options;
    this.#keepHouseOnce()
      .catch((error) => log.warn('audit log not tidied', { error: String(error) }))
      .finally(() => {
        if (!this.#isOver) this.#housekeeping = clock.after(housekeepingMs, () => this.#keepHouse());
      });
  }

  async #keepHouseOnce(): Promise<void> {
    const { folder, writer, clock, retention, log: daemonLog } = this.#options;
    const opened = this.#opened;
    if (!opened || this.#state.kind !== 'writing') return;
    if (writer === 'daemon' && clock.nowMs() - this.#notedMs >= notesMs) {
      this.#notedMs = clock.nowMs();
      await noteOtherLogs({ log: opened.log, folder });
    }
    const { sent: shippedTo } = opened.shipping;
    const dropped = await applyRetention({
      ...retention,
      folder: opened.folder,
      log: opened.log,
      nowMs: clock.wallMs(),
      ...(shippedTo !== undefined && { shippedTo }),
    });
    if (dropped.length > 0) daemonLog.info('old audit files dropped', { files: dropped.join(' ') });
  }
}

function unavailableError(state: AuditState, folder: string): ErrorData | undefined {
  if (state.kind !== 'unavailable') return undefined;
  return { code: 'SP-AUDIT-UNAVAILABLE', details: { folder, code: state.code, full: state.why === 'full' } };
}
