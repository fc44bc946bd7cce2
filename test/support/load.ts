/** Asks again and again, in several lines, until stopped or until the first failure of each line. */
export class Load implements AsyncDisposable {
  /** What went wrong; at most one for each line. */
  readonly failures: string[] = [];
  #done = 0;
  #stopping = false;
  readonly #lines: Promise<void>[];
  readonly #waiting = new Set<() => void>();

  constructor(lines: number, ask: () => Promise<unknown>) {
    this.#lines = Array.from({ length: lines }, () => this.#line(ask));
  }

  get done(): number {
    return this.#done;
  }

  /** Waits until so many more have been answered than now. Throws when one fails. */
  async more(count: number): Promise<void> {
    const wanted = this.#done + count;
    while (this.#done < wanted) {
      if (this.failures.length > 0) throw new Error(`after ${this.#done} answers: ${this.failures[0]}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Asks no more, and waits for the answers that are due. */
  async finish(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lines);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.finish();
  }

  async #line(ask: () => Promise<unknown>): Promise<void> {
    while (!this.#stopping && this.failures.length === 0) {
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
