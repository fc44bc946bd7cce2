/**
 * PostgreSQL's own parser (libpg_query, as WebAssembly) on a thread of its own: traffic never waits for it. Trust boundary: the text is whatever a client
 * sends, without its literals. What traps, hangs or fills the memory of the parser ends that thread and nothing else; statements are then recorded
 * without what it would have said.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { carriedFolder } from '../base/carried-files.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';

export type ReadStatement =
  /** `statement`: what a WITH does; absent where the first word says it. */
  | { readonly kind: 'read'; readonly fingerprint: string; readonly statement?: string }
  /** The parser does not take it. */
  | { readonly kind: 'invalid' }
  /** Too long, too many at one time, or there is no parser. */
  | { readonly kind: 'unread' };

export interface StatementReaderOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The path of the parser's module. Default: the one that this program brings. */
  readonly findParser?: () => string;
}

/** As much as is recorded of a text. The parser needs memory in proportion, kilobytes for a byte of the worst. */
const maxLength = 8 * 1024;
/** Waiting for the parser, which reads about 20,000 a second. */
const maxAsked = 4_096;
/** Programs send the same statements again and again; without literals they are equal. */
const maxKnown = 2_000;
const maxKnownLength = 2_048;
const answerMs = 2_000;
/** After a failure statements go unread for so long. */
const restMs = 10_000;
/** A thread that nobody needs gives its memory back, 20 to 130 MiB. */
const idleMs = 60_000;

/**
 * The thread's program: a text, because it must run from a bundle, from a test and from the sources alike. It answers batches in order: a
 * fingerprint, with the node of a WITH after a blank; null where there is none; nothing where it cannot say. After a trap the parser's memory is in no
 * known state, and what it has taken it never gives back: then the thread ends after its answer, and what came behind that statement has none.
 */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const parser = require(workerData.parser);
let isOver = false;
const read = (sql) => {
  try {
    const fingerprint = parser.fingerprintSync(sql);
    // Of some errors it returns the text.
    if (!/^[0-9a-f]{16}$/.test(fingerprint)) return null;
    if (!/^with\\b/i.test(sql)) return fingerprint;
    return fingerprint + ' ' + Object.keys(parser.parseSync(sql).stmts[0].stmt)[0];
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof WebAssembly.RuntimeError)) return null;
    isOver = true;
    return '';
  }
};
parser.loadModule().then(() =>
  parentPort.on('message', (batch) => {
    const answers = [];
    for (const sql of batch) if (!isOver) answers.push(read(sql));
    isOver ||= process.memoryUsage().external > workerData.maxExternalBytes;
    parentPort.postMessage(answers);
    if (isOver) parentPort.close();
  }),
);
`;
const maxExternalBytes = 256 * 1024 * 1024;

/** What stands behind a WITH, by the parser's name for it. */
const statements: Readonly<Record<string, string>> = {
  SelectStmt: 'SELECT',
  InsertStmt: 'INSERT',
  UpdateStmt: 'UPDATE',
  DeleteStmt: 'DELETE',
  MergeStmt: 'MERGE',
};

/** What the single executable carries, or the package beside this program. Throws where it is not there. */
function parserPath(): string {
  const carried = carriedFolder('parser/');
  return carried ? join(carried, 'libpg-query.cjs') : createRequire(import.meta.url).resolve('libpg-query');
}

interface Asked {
  readonly sql: string;
  readonly resolve: (read: ReadStatement) => void;
}

const unread: ReadStatement = { kind: 'unread' };

export class StatementReader implements AsyncDisposable {
  readonly #options: StatementReaderOptions;
  /** Oldest first. Those that are being read too: nobody asks twice. */
  readonly #known = new Map<string, Promise<ReadStatement>>();
  #unsent: Asked[] = [];
  /** In the order of their answers. */
  #sent: Asked[] = [];
  #worker: Worker | undefined;
  /** Of the next answer, or of the end of a thread that has nothing to do. */
  #timer: Timer | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: StatementReaderOptions) {
    this.#options = options;
  }

  /** What the parser says of one statement without literals. The first loads it. Never rejects. */
  read(sql: string): Promise<ReadStatement> {
    const known = this.#known.get(sql);
    if (known) return known;
    const isResting = this.#options.clock.nowMs() < this.#notBeforeMs;
    const isFull = this.#unsent.length + this.#sent.length >= maxAsked;
    if (sql.length > maxLength || isFull || isResting) return Promise.resolve(unread);
    const { promise, resolve } = Promise.withResolvers<ReadStatement>();
    this.#unsent.push({ sql, resolve });
    // What one read of a socket brought is one message to the thread.
    if (this.#unsent.length === 1) setImmediate(() => this.#send());
    this.#remember(sql, promise);
    return promise;
  }

  /** Nothing is read any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#notBeforeMs = Number.POSITIVE_INFINITY;
    await this.#giveUp();
  }

  #remember(sql: string, promise: Promise<ReadStatement>): void {
    if (sql.length > maxKnownLength) return;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= maxKnown && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(sql, promise);
  }

  #send(): void {
    const batch = this.#unsent.splice(0);
    if (batch.length === 0) return;
    this.#sent.push(...batch);
    try {
      this.#worker ??= this.#start();
    } catch (error) {
      this.#options.log.warn('statement parser does not start', { error: String(error) });
      this.#rest();
      void this.#giveUp();
      return;
    }
    this.#worker.postMessage(batch.map(({ sql }) => sql));
    this.#await();
  }

  #start(): Worker {
    const parser = (this.#options.findParser ?? parserPath)();
    const worker = new Worker(program, { eval: true, workerData: { parser, maxExternalBytes } });
    worker.unref();
    worker.on('message', (answers: readonly (string | null)[]) => {
      // Of one that was given up: what it had said by then still comes, and is not of what has been asked since.
      if (this.#worker !== worker) return;
      for (const answer of answers) this.#sent.shift()?.resolve(readOf(answer));
      this.#await();
    });
    // Its exit follows.
    worker.on('error', (error) =>
      this.#options.log.warn('statement parser failed', { error: String(error) }),
    );
    worker.on('exit', (code) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      if (code !== 0) this.#rest();
      void this.#giveUp();
    });
    return worker;
  }

  #await(): void {
    this.#timer?.cancel();
    const { clock, log } = this.#options;
    if (this.#sent.length === 0) {
      this.#timer = clock.after(idleMs, () => void this.#giveUp());
      return;
    }
    this.#timer = clock.after(answerMs, () => {
      log.warn('statement parser does not answer');
      this.#rest();
      void this.#giveUp();
    });
  }

  #rest(): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, this.#options.clock.nowMs() + restMs);
  }

  /** Whoever waits has nothing; the next statement starts another thread. */
  async #giveUp(): Promise<void> {
    this.#timer?.cancel();
    const worker = this.#worker;
    this.#worker = undefined;
    for (const { sql, resolve } of [...this.#sent.splice(0), ...this.#unsent.splice(0)]) {
      this.#known.delete(sql);
      resolve(unread);
    }
    await worker?.terminate();
  }
}

function readOf(answer: string | null): ReadStatement {
  if (answer === null) return { kind: 'invalid' };
  if (answer === '') return unread;
  const [fingerprint = '', node] = answer.split(' ');
  const statement = node && statements[node];
  return { kind: 'read', fingerprint, ...(statement && { statement }) };
}
