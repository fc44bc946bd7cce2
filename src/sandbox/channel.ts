/**
 * A bounded queue between two loops, as a Go channel: `put` waits while it is full, `take` while it is empty. Capacity 0 hands over
 * directly: `put` waits until somebody takes. After `close`, what is queued can still be taken; puts are dropped.
 */
export class Channel<T> {
  readonly #capacity: number;
  #items: T[] = [];
  #putters: { readonly item: T; readonly done: () => void }[] = [];
  #takers: ((item: T | undefined) => void)[] = [];
  #closed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  put(item: T): Promise<void> | undefined {
    if (this.#closed) return undefined;
    const taker = this.#takers.shift();
    if (taker) {
      taker(item);
      return undefined;
    }
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return undefined;
    }
    return new Promise((done) => this.#putters.push({ item, done }));
  }

  /** The next item; undefined when the channel is closed and empty. */
  async take(): Promise<T | undefined> {
    if (this.#items.length > 0) {
      const item = this.#items.shift();
      const putter = this.#putters.shift();
      if (putter) {
        this.#items.push(putter.item);
        putter.done();
      }
      return item;
    }
    const putter = this.#putters.shift();
    if (putter) {
      putter.done();
      return putter.item;
    }
    if (this.#closed) return undefined;
    return new Promise((taker) => this.#takers.push(taker));
  }

  /** Ends it: waiting takers get undefined, waiting puts are dropped. */
  close(): void {
    this.#closed = true;
    for (const taker of this.#takers.splice(0)) taker(undefined);
    for (const { done } of this.#putters.splice(0)) done();
  }
}
