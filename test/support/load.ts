/** Asks again and again, in parallel, until stopped; keeps count and every failure. */
export class Load implements AsyncDisposable {
  readonly failures: string[] = [];
  #done = 0;
  #stopping = false;
  readonly #workers: Promise<void>[];
  readonly #waiting = new Set<() => void>();

  /** `ask` is one request; a rejection is a failure and does not end the load. */
  constructor(parallel: number, ask: () => Promise<unknown>) {
    this.#workers = Array.from({ length: parallel }, () => this.#work(ask));
  }

  get done(): number {
    return this.#done;
  }

  /** Waits until so many more have been answered (or have failed) than now. */
  async more(count: number): Promise<void> {
    const wanted = this.#done + this.failures.length + count;
    while (this.#done + this.failures.length < wanted) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Asks no more, and waits for the answers that are due. */
  async finish(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#workers);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.finish();
  }

  async #work(ask: () => Promise<unknown>): Promise<void> {
    while (!this.#stopping) {
      try {
        await ask();
        this.#done++;
      } catch (error) {
        this.failures.push(String(error));
      }
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    }
  }
}
