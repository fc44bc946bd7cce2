import { Client } from 'pg';
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
 * A program as many are: it connects, asks, disconnects, over and over. A query that was under way when the pod ended was asked of a
 * server that is no more; it is counted as cut and asked again, as a connection pool does. Everything else that fails has failed.
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

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
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
    const client = new Client({ host: '127.0.0.1', port, user, database, password });
    client.on('error', () => {});
    let connected = false;
    try {
      await client.connect();
      connected = true;
      await client.query('select 1');
      this.#answered++;
    } catch {
      if (this.#ending) return;
      if (connected) this.#cut++;
      else this.#failed++;
    } finally {
      // The pod's side of a close comes up to a second late (containerd's copy): not waited for.
      void client.end().catch(() => {});
    }
  }
}
