/**
 * Many who look for different things in one list that is slow to read share its passes. Whoever comes during a pass may find theirs in
 * what is left of it; otherwise the next pass, which is whole, decides.
 */
export class SharedPass<Wanted, Found extends object> {
  readonly #waiting = new Map<Wanted, (found: Found | undefined) => void>();
  readonly #limit: number;
  readonly #read: (pass: Pass<Wanted, Found>) => Promise<void>;
  #isReading = false;

  /** `read` goes through the list once, and may end early when nobody waits any more. `limit`: how many wait at most. */
  constructor({ limit, read }: { limit: number; read: (pass: Pass<Wanted, Found>) => Promise<void> }) {
    this.#limit = limit;
    this.#read = read;
  }

  /** undefined: a whole pass went by without it, reading failed, or too many wait. */
  find(wanted: Wanted): Promise<Found | undefined> {
    if (this.#waiting.size >= this.#limit) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#waiting.set(wanted, resolve);
      if (!this.#isReading) void this.#passes();
    });
  }

  async #passes(): Promise<void> {
    this.#isReading = true;
    while (this.#waiting.size > 0) {
      const whole = [...this.#waiting.keys()];
      try {
        await this.#read(this.#pass());
      } catch {
        // Those who wait are not found, which is what everybody has to expect.
      }
      for (const wanted of whole) this.#answer(wanted, undefined);
    }
    this.#isReading = false;
  }

  #pass(): Pass<Wanted, Found> {
    const waiting = this.#waiting;
    return {
      waiting: () => [...waiting.keys()],
      get isOver() {
        return waiting.size === 0;
      },
      found: (wanted, found) => this.#answer(wanted, found),
      drop: (wanted) => this.#answer(wanted, undefined),
    };
  }

  #answer(wanted: Wanted, found: Found | undefined): void {
    this.#waiting.get(wanted)?.(found);
    this.#waiting.delete(wanted);
  }
}

export interface Pass<Wanted, Found> {
  /** Those who wait now. */
  waiting(): readonly Wanted[];
  /** Nobody waits any more. */
  readonly isOver: boolean;
  found(wanted: Wanted, found: Found): void;
  /** It is not looked for any longer. */
  drop(wanted: Wanted): void;
}
