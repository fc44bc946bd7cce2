import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { AuditHead, AuditLogEvent } from '../contract/audit-event.ts';
import { AppendFile, type OpenAppend } from './append-file.ts';
import { chainLine, emptyHead } from './audit-line.ts';
import { type Signer, signedBody } from './checkpoint.ts';
import { isoTime } from './line-body.ts';
import { findLogEnd } from './log-end.ts';
import { dayOf, nextFile } from './log-files.ts';

export interface ChainWriterOptions {
  readonly folder: string;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly version: string;
  readonly maxFileBytes: number;
  readonly open?: OpenAppend;
}

/** Lines of a batch that are chained, but not known to be on disk. */
interface Batch {
  readonly text: string;
  readonly head: AuditHead;
}

/**
 * Chains bodies into lines and puts them into the files of one log. After a failure at any step `ready` goes on where it failed: a line
 * that was chained is written once and whole.
 */
export class ChainWriter implements AsyncDisposable {
  readonly #options: ChainWriterOptions;
  #file: AppendFile | undefined;
  #batch: Batch | undefined;
  /** What the log has to say of itself, first to last. */
  #notes: AuditLogEvent[] = [];
  #chained: AuditHead = emptyHead;
  #durable: AuditHead = emptyHead;
  #unsignedLines = 0;
  #unsignedSinceMs = 0;
  #log = '';
  #unsignedWhy: string | undefined;

  constructor(options: ChainWriterOptions) {
    this.#options = options;
  }

  /** The last line on disk. */
  get head(): AuditHead {
    return this.#durable;
  }

  /** The log's name; empty before it is ready. */
  get log(): string {
    return this.#log;
  }

  get fileName(): string | undefined {
    return this.#file?.file.name;
  }

  /** Lines that no checkpoint covers, and since when there are some (monotonic). */
  get unsigned(): { readonly lines: number; readonly sinceMs: number } {
    return { lines: this.#unsignedLines, sinceMs: this.#unsignedSinceMs };
  }

  /** Why the last checkpoint could not be signed. */
  get unsignedWhy(): string | undefined {
    return this.#unsignedWhy;
  }

  /**
   * Opens the log, writes what a failure kept back, goes on to the next file when this one is over. Returns what has to be written
   * first. Throws what the file system throws.
   */
  async ready(): Promise<readonly AuditLogEvent[]> {
    const { folder, clock, maxFileBytes, open } = this.#options;
    this.#file ??= await this.#begin();
    await this.#prepare(this.#file);
    await this.#write();
    const next = nextFile(folder, this.#file.file, dayOf(clock.wallMs()));
    const isOver = next.day !== this.#file.file.day || this.#file.sizeBytes >= maxFileBytes;
    if (isOver && next.name !== this.#file.file.name) {
      // Each file ends signed.
      if (this.#unsignedLines > 0) await this.#chain([], true);
      await this.#write();
      await this.#file[Symbol.asyncDispose]();
      this.#file = new AppendFile(next, open);
      this.#notes.unshift({ event: 'file-opened', log: this.#log, file: next.name });
      await this.#prepare(this.#file);
    }
    return this.#notes.splice(0);
  }

  /** Chains the bodies, a checkpoint behind them if asked, and resolves when they are on disk. Only after `ready`, once. */
  async commit(bodies: readonly string[], sign: boolean): Promise<void> {
    if (bodies.length === 0 && !sign) return;
    await this.#chain(bodies, sign);
    await this.#write();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
  }

  async #begin(): Promise<AppendFile> {
    const { folder, version, clock, open } = this.#options;
    const end = await findLogEnd(folder);
    const file = end.file ?? nextFile(folder, undefined, dayOf(clock.wallMs()));
    this.#log = end.log ?? randomUUID();
    this.#chained = this.#durable = end.head;
    this.#notes = [...end.notes, { event: 'writer-started', pid: process.pid, version }];
    if (end.fileIsEmpty) this.#notes.unshift({ event: 'file-opened', log: this.#log, file: file.name });
    // What the last writer left unsigned may be much: due at once.
    this.#unsignedLines = 1;
    this.#unsignedSinceMs = Number.NEGATIVE_INFINITY;
    return new AppendFile(file, open);
  }

  async #prepare(file: AppendFile): Promise<void> {
    const change = await file.prepare();
    if (change) this.#notes.push({ event: 'file-changed', file: file.file.name, ...change });
  }

  async #chain(bodies: readonly string[], sign: boolean): Promise<void> {
    const { clock } = this.#options;
    const lines: string[] = [];
    let head = this.#chained;
    for (const body of bodies) {
      const next = chainLine(head, body);
      lines.push(next.line);
      head = next.head;
    }
    const checkpoint = sign ? await this.#checkpoint(head) : undefined;
    if (checkpoint) {
      lines.push(checkpoint.line);
      head = checkpoint.head;
    }
    // A signer that failed is asked again only after the same time.
    if (this.#unsignedLines === 0 || (sign && !checkpoint)) this.#unsignedSinceMs = clock.nowMs();
    this.#unsignedLines = checkpoint ? 0 : this.#unsignedLines + bodies.length;
    this.#chained = head;
    if (lines.length > 0) this.#batch = { text: `${lines.join('\n')}\n`, head };
  }

  /** Undefined where the signer fails: what is not signed is on record all the same. */
  async #checkpoint(head: AuditHead): Promise<ReturnType<typeof chainLine> | undefined> {
    const { signer, clock } = this.#options;
    try {
      const body = await signedBody(signer, isoTime(clock.wallMs()), (text) => chainLine(head, text).line);
      this.#unsignedWhy = undefined;
      return chainLine(head, body);
    } catch (error) {
      this.#unsignedWhy = error instanceof Error ? error.message : String(error);
      return undefined;
    }
  }

  async #write(): Promise<void> {
    if (!this.#batch) return;
    await this.#file!.append(this.#batch.text);
    this.#durable = this.#batch.head;
    this.#batch = undefined;
  }
}
