/** A set of callbacks for one kind of event. A listener added while emitting is first called for the next event. */
export class Listeners<T> {
  readonly #all = new Set<(event: T) => void>();

  get size(): number {
    return this.#all.size;
  }

  /** Adds a listener; the returned function removes it. */
  add(listener: (event: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  emit(event: T): void {
    for (const listener of [...this.#all]) listener(event);
  }
}
