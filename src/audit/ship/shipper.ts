/**
 * Sends a log somewhere else, where who it is about cannot change it. At least once: the place up to which the receiver has all is kept on
 * disk and moves only when the receiver says so; after a crash some lines come again, none is left out. Only what is on disk is sent, so
 * that no receiver knows more than the log.
 */
import { backoffMs } from '../../base/backoff.ts';
import { type Clock, delay } from '../../base/clock.ts';
import { Listeners } from '../../base/listeners.ts';
import {
  type AuditHead,
  type AuditLogEvent,
  type AuditRecord,
  auditRecordSchema,
} from '../../contract/audit-event.ts';
import { emptyHead, readFrame } from '../audit-line.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { Destination, Sent } from './destination.ts';
import { LineSource, type NextLines } from './line-source.ts';

/** The log that is shipped, as its writer offers it. */
export interface ShippedLog {
  readonly log: string;
  readonly head: AuditHead;
  onDurable(listener: (head: AuditHead) => void): () => void;
  append(event: AuditLogEvent): boolean;
}

export interface ShipperOptions {
  /** Names it in the log and to people. */
  readonly name: string;
  readonly folder: string;
  readonly log: ShippedLog;
  readonly destination: Destination;
  /** Where its place is kept. */
  readonly cursorFile: string;
  readonly clock: Clock;
  /** How long lines wait for company. Default 1,000. */
  readonly gatherMs?: number;
}

export type ShipperState =
  /** Up to `sent` the receiver has all; `rejected` of these lines it could not use. */
  | { readonly kind: 'shipping'; readonly sent: number; readonly rejected: number }
  /** `refused`: the receiver will not take them as they are. */
  | {
      readonly kind: 'waiting';
      readonly sent: number;
      readonly rejected: number;
      readonly why: string;
      readonly refused: boolean;
      readonly sinceMs: number;
    };

const retry = { firstMs: 1_000, maxMs: 300_000 };
const defaultGatherMs = 1_000;

export class Shipper implements AsyncDisposable {
  readonly #options: ShipperOptions;
  readonly #source: LineSource;
  readonly #states = new Listeners<ShipperState>();
  readonly #stop = new AbortController();
  #cursor: AuditHead = emptyHead;
  #rejected = 0;
  #state: ShipperState = { kind: 'shipping', sent: 0, rejected: 0 };
  #done: Promise<void> | undefined;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#source = new LineSource(options.folder);
  }

  get state(): ShipperState {
    return this.#state;
  }

  /** What the receiver has, for retention. */
  get sent(): AuditHead {
    return this.#cursor;
  }

  onState(listener: (state: ShipperState) => void): () => void {
    return this.#states.add(listener);
  }

  /** Begins, as soon as the log has a line. */
  start(): this {
    this.#done ??= this.#ship().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
    return this;
  }

  /** Ends at once; what is on its way is sent again by the next one. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the shipper ends'));
    await this.#done;
  }

  async #ship(): Promise<void> {
    const { signal } = this.#stop;
    const { cursorFile, log } = this.#options;
    // Before its first lines the log has no name.
    await this.#untilMore(signal);
    const place = await readCursor(cursorFile);
    // From the beginning where there is none, or that of another log.
    if (place?.log === log.log) this.#cursor = place.head;
    this.#become({ kind: 'shipping', sent: this.#cursor.seq, rejected: 0 });
    for (let failures = 0; !signal.aborted; ) {
      const sent = await this.#shipSome(signal);
      if (sent.kind === 'taken') {
        failures = 0;
        continue;
      }
      this.#source.rewind();
      this.#wait(sent);
      const pauseMs = sent.kind === 'refused' ? retry.maxMs : backoffMs(failures, retry);
      failures++;
      await delay(
        this.#options.clock,
        Math.max(pauseMs, sent.kind === 'later' ? (sent.afterMs ?? 0) : 0),
        signal,
      );
    }
  }

  async #shipSome(signal: AbortSignal): Promise<Sent> {
    const { log, destination, clock, gatherMs = defaultGatherMs } = this.#options;
    try {
      if (await this.#untilMore(signal)) await delay(clock, gatherMs, signal);
      const next = await this.#source.next(this.#cursor.seq, log.head.seq);
      // The head was told, but its line is gone: whoever took it left that for verify.
      if (!next) return { kind: 'later', why: 'the lines to send are not in the files' };
      this.#noteGap(next);
      const lines = next.lines.map((line) => ({ line, record: recordIn(line) }));
      const sent = await destination.send({ log: log.log, lines }, signal);
      if (sent.kind === 'taken') await this.#advance(next, sent.rejected ?? 0);
      return sent;
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'later', why: error instanceof Error ? error.message : String(error) };
    }
  }

  /** True where it had to wait. */
  async #untilMore(signal: AbortSignal): Promise<boolean> {
    const { log } = this.#options;
    if (log.head.seq > this.#cursor.seq) return false;
    const more = Promise.withResolvers<void>();
    const stop = () => more.reject(signal.reason);
    const remove = log.onDurable(({ seq }) => {
      if (seq > this.#cursor.seq) more.resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      await more.promise;
    } finally {
      remove();
      signal.removeEventListener('abort', stop);
    }
    return true;
  }

  #noteGap({ firstSeq }: NextLines): void {
    const { name, log } = this.#options;
    if (firstSeq === this.#cursor.seq + 1) return;
    log.append({ event: 'shipping-gap', shipper: name, sent: this.#cursor, resumed: firstSeq });
  }

  async #advance({ seq, hash }: NextLines, rejected: number): Promise<void> {
    const { cursorFile, log } = this.#options;
    await writeCursor(cursorFile, { log: log.log, head: { seq, hash } });
    this.#cursor = { seq, hash };
    this.#rejected += rejected;
    this.#become({ kind: 'shipping', sent: seq, rejected: this.#rejected });
  }

  #wait(sent: Exclude<Sent, { kind: 'taken' }>): void {
    const sinceMs = this.#state.kind === 'waiting' ? this.#state.sinceMs : this.#options.clock.wallMs();
    this.#become({
      kind: 'waiting',
      sent: this.#cursor.seq,
      rejected: this.#rejected,
      why: sent.why,
      refused: sent.kind === 'refused',
      sinceMs,
    });
  }

  #become(state: ShipperState): void {
    this.#state = state;
    this.#states.emit(state);
  }
}

/** A line that somebody made unreadable is evidence, and goes out as it is. */
function recordIn(line: string): AuditRecord {
  const unreadable = {
    seq: readFrame(line)?.seq ?? 0,
    prev: '',
    at: new Date(0).toISOString(),
    event: 'unreadable',
  };
  try {
    return auditRecordSchema.safeParse(JSON.parse(line)).data ?? unreadable;
  } catch {
    return unreadable;
  }
}
