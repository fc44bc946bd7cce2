/**
 * The writer of one log. Trusted: this process, the signer. A log has one writer at a time (see log-slots.ts). Events are chained and
 * written in batches, each synced before anybody is told that it is durable. Where nothing can be written events wait in a bounded
 * queue, then are refused and counted; whoever must not go on without a record asks `flush` and hears so at once.
 */
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { AuditEvent, AuditHead, AuditLogEvent } from '../contract/audit-event.ts';
import type { OpenAppend } from './append-file.ts';
import { ChainWriter } from './chain-writer.ts';
import type { Signer } from './checkpoint.ts';
import { EventQueue } from './event-queue.ts';
import { isoTime, lineBody } from './line-body.ts';

export interface AuditLogOptions {
  /** Of this log alone; created private where it is missing. */
  readonly folder: string;
  readonly signer: Signer;
  readonly clock: Clock;
  /** Of the program that writes. */
  readonly version: string;
  readonly limits?: Partial<AuditLogLimits>;
  /** For tests: how files are opened. */
  readonly open?: OpenAppend;
}

export interface AuditLogLimits {
  /** An event is on its way to disk this long after it was accepted. */
  readonly commitAfterMs: number;
  /** Lines are signed this long after the first of them was written, or when they are so many. */
  readonly signAfterMs: number;
  readonly signAfterLines: number;
  /** What waits to be written. */
  readonly maxQueuedEvents: number;
  readonly maxQueuedBytes: number;
  /** A file that has reached this size is followed by another of the same day. */
  readonly maxFileBytes: number;
}

const defaultLimits: AuditLogLimits = {
  // Synced at most 50 ms apart, with room for a late timer.
  commitAfterMs: 40,
  signAfterMs: 1_000,
  signAfterLines: 10_000,
  maxQueuedEvents: 65_536,
  maxQueuedBytes: 32 * 1024 * 1024,
  maxFileBytes: 64 * 1024 * 1024,
};

/** Chained in one go, which takes some milliseconds. */
const maxBatch = 4_096;
/** So many do not wait for company. */
const eagerBatch = 1_024;
const retry = { firstMs: 250, maxMs: 10_000 };

export type AuditLogState =
  | { readonly kind: 'starting' }
  /** `unsigned`: why the last checkpoint could not be signed; lines are written all the same. */
  | { readonly kind: 'writing'; readonly unsigned?: string }
  /** It is tried again by itself. full: no space or quota is left. `code` is the file system's: ENOSPC, EROFS, EACCES. */
  | {
      readonly kind: 'unavailable';
      readonly why: 'full' | 'unwritable';
      readonly code: string;
      readonly sinceMs: number;
    };

export type Commit =
  /** On disk up to `head`, which is the log's last line then; signed if a checkpoint covers it. */
  | { readonly kind: 'durable'; readonly head: AuditHead; readonly signed: boolean }
  | Extract<AuditLogState, { kind: 'unavailable' }>;

interface Waiter {
  /** The queue's `end` when it came. */
  readonly end: number;
  readonly sign: boolean;
  readonly resolve: (commit: Commit) => void;
}

export class AuditLog implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #limits: AuditLogLimits;
  readonly #queue: EventQueue;
  readonly #writer: ChainWriter;
  readonly #states = new Listeners<AuditLogState>();
  readonly #heads = new Listeners<AuditHead>();
  #state: AuditLogState = { kind: 'starting' };
  #waiters: Waiter[] = [];
  /** The queue's `taken` behind the batch that was written last, or is being written. */
  #batchEnd = 0;
  #queuedSinceMs = 0;
  #failures = 0;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #ended = false;

  constructor(options: AuditLogOptions) {
    const { folder, signer, clock, version, open } = options;
    this.#clock = clock;
    this.#limits = { ...defaultLimits, ...options.limits };
    const { maxQueuedEvents, maxQueuedBytes, maxFileBytes } = this.#limits;
    this.#queue = new EventQueue({ maxEvents: maxQueuedEvents, maxBytes: maxQueuedBytes });
    this.#writer = new ChainWriter({ folder, signer, clock, version, maxFileBytes, ...(open && { open }) });
  }

  get state(): AuditLogState {
    return this.#state;
  }

  /** The last line on disk; seq 0 before the first `flush`. */
  get head(): AuditHead {
    return this.#writer.head;
  }

  /** The log's name through all its files and writers; empty before the first `flush`. */
  get log(): string {
    return this.#writer.log;
  }

  /** The file that is written now, which must stay. */
  get fileName(): string | undefined {
    return this.#writer.fileName;
  }

  onState(listener: (state: AuditLogState) => void): () => void {
    return this.#states.add(listener);
  }

  /** Called with the new head after each batch. */
  onDurable(listener: (head: AuditHead) => void): () => void {
    return this.#heads.add(listener);
  }

  /** Takes an event. False: the queue is full, and the event lost; the log will say how many were. `atMs` since the Unix epoch. */
  append(event: AuditEvent | AuditLogEvent, atMs: number = this.#clock.wallMs()): boolean {
    if (this.#closed || !this.#queue.add(lineBody(event, isoTime(atMs)), atMs)) return false;
    if (this.#queue.length === 1) this.#queuedSinceMs = this.#clock.nowMs();
    if (this.#queue.length === 1 || this.#queue.length === eagerBatch) this.#schedule();
    return true;
  }

  /** Resolves when all that was accepted is on disk, or when it cannot be written now. `sign`: and a checkpoint behind it. */
  flush({ sign = false }: { readonly sign?: boolean } = {}): Promise<Commit> {
    if (this.#ended) return Promise.resolve(this.#lastCommit());
    return new Promise((resolve) => {
      this.#waiters.push({ end: this.#queue.end, sign, resolve });
      this.#run();
    });
  }

  /** Writes and signs what waits, as far as that is possible now, and lets go of the file. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#queue.addLast(this.#body({ event: 'writer-ended', pid: process.pid }));
    await this.flush({ sign: true });
    await this.#running;
    this.#timer?.cancel();
    this.#ended = true;
    await this.#writer[Symbol.asyncDispose]();
  }

  #lastCommit(): Commit {
    if (this.#state.kind === 'unavailable') return this.#state;
    return { kind: 'durable', head: this.#writer.head, signed: this.#writer.unsigned.lines === 0 };
  }

  #body(event: AuditLogEvent): string {
    return lineBody(event, isoTime(this.#clock.wallMs()));
  }

  /** A timer for when the next batch or checkpoint is due. While one is under way, it does this itself. */
  #schedule(): void {
    if (this.#running) return;
    this.#timer?.cancel();
    const dueMs = this.#dueMs();
    if (dueMs === undefined) return;
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.nowMs()), () => this.#run());
  }

  #dueMs(): number | undefined {
    if (this.#state.kind === 'unavailable') return this.#clock.nowMs() + backoffMs(this.#failures - 1, retry);
    if (this.#queue.length >= eagerBatch) return this.#clock.nowMs();
    if (this.#queue.length > 0) return this.#queuedSinceMs + this.#limits.commitAfterMs;
    const { lines, sinceMs } = this.#writer.unsigned;
    return lines > 0 ? sinceMs + this.#limits.signAfterMs : undefined;
  }

  #run(): void {
    this.#running ??= this.#commitAll().finally(() => {
      this.#running = undefined;
      if (this.#waiters.length > 0) this.#run();
      else this.#schedule();
    });
  }

  async #commitAll(): Promise<void> {
    this.#timer?.cancel();
    try {
      do await this.#commit();
      while (this.#queue.length >= eagerBatch || this.#waiters.length > 0);
    } catch (error) {
      this.#fail(error as NodeJS.ErrnoException);
    }
  }

  async #commit(): Promise<void> {
    const notes = await this.#writer.ready();
    this.#queue.addFirst(notes.map((note) => this.#body(note)));
    const refused = this.#queue.takeRefused();
    if (refused) {
      const [since, until] = [isoTime(refused.sinceMs), isoTime(refused.untilMs)];
      this.#queue.addLast(this.#body({ event: 'events-lost', count: refused.count, since, until }));
    }
    const bodies = this.#queue.take(maxBatch);
    this.#batchEnd = this.#queue.taken;
    this.#queuedSinceMs = this.#clock.nowMs();
    const sign = this.#mustSign(bodies.length);
    await this.#writer.commit(bodies, sign);
    this.#failures = 0;
    const why = this.#writer.unsignedWhy;
    this.#become({ kind: 'writing', ...(why !== undefined && { unsigned: why }) });
    this.#heads.emit(this.#writer.head);
    this.#settle(sign);
  }

  #mustSign(more: number): boolean {
    const { lines, sinceMs } = this.#writer.unsigned;
    if (lines + more === 0) return false;
    if (this.#waiters.some(({ sign }) => sign) || lines + more >= this.#limits.signAfterLines) return true;
    return lines > 0 && this.#clock.nowMs() - sinceMs >= this.#limits.signAfterMs;
  }

  #settle(signTried: boolean): void {
    const commit = this.#lastCommit();
    const signed = commit.kind === 'durable' && commit.signed;
    const isDone = ({ end, sign }: Waiter) => end <= this.#batchEnd && (!sign || signed || signTried);
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const { resolve } of done) resolve(commit);
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#failures++;
    const code = error.code ?? error.message;
    const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'unwritable';
    const sinceMs = this.#state.kind === 'unavailable' ? this.#state.sinceMs : this.#clock.wallMs();
    const state = { kind: 'unavailable', why, code, sinceMs } as const;
    this.#become(state);
    for (const { resolve } of this.#waiters.splice(0)) resolve(state);
  }

  #become(state: AuditLogState): void {
    const before = this.#state;
    this.#state = state;
    if (JSON.stringify(before) !== JSON.stringify(state)) this.#states.emit(state);
  }
}
