import { Socket } from 'node:net';
import { Client, DatabaseError } from 'pg';
import type { Clock } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';

export interface DemoClientOptions {
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string;
  readonly clock: Clock;
}

/** Pause between two queries. */
const pauseMs = 50;

/**
 * A program as many are: it connects, asks, disconnects, over and over. A query or login that a server had begun to answer when its pod
 * ended was asked of a server that is no more, and one that is going up or down says so itself (57P0x): it is counted as cut and asked
 * again, as a connection pool does. Everything else that fails has failed: above all whatever no server had answered yet.
 */
export class DemoClient implements AsyncDisposable {
  readonly #options: DemoClientOptions;
  readonly #done: Promise<void>;
  #ending = false;
  #answered = 0;
  #cut = 0;
  #failed = 0;
  #longestMs = 0;

  constructor(options: DemoClientOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  summary(): string {
    const cut = this.#cut > 0 ? `, ${this.#cut} cut by a restart and asked again` : '';
    return `${this.#answered} queries answered, ${this.#failed} failed${cut} · longest wait ${formatDuration(this.#longestMs)}`;
  }

  /** Asks no more; what is under way no longer counts. */
  end(): void {
    this.#ending = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#ending) {
      const startMs = clock.nowMs();
      await this.#ask();
      this.#longestMs = Math.max(this.#longestMs, clock.nowMs() - startMs);
      await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
    }
  }

  async #ask(): Promise<void> {
    const { port, user, database, password } = this.#options;
    const socket = new Socket();
    const client = new Client({ host: '127.0.0.1', port, user, database, password, stream: () => socket });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      this.#answered++;
    } catch (error) {
      if (this.#ending) return;
      if (socket.bytesRead > 0 && tellsOfRestart(error)) this.#cut++;
      else this.#failed++;
    } finally {
      // The pod's side of a close comes up to a second late (containerd's copy): not waited for.
      void client.end().catch(() => {});
    }
  }
}

/** A connection that broke, or a server that says that it is going down (57P01) or that it is not up yet (57P03). */
function tellsOfRestart(error: unknown): boolean {
  return !(error instanceof DatabaseError) || error.code?.startsWith('57P0') === true;
}
