/** What waits to be written: at most so many events and bytes. What comes while it is full is refused, and counted. */
export interface QueueLimits {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

export interface Refused {
  readonly count: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export class EventQueue {
  readonly #limits: QueueLimits;
  #bodies: string[] = [];
  #bytes = 0;
  /** Number of events that were taken; those put in front count from before. */
  #taken = 0;
  #refused: Refused | undefined;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#bodies.length;
  }

  /** Stands for all that was added so far: reached once `taken` is as large. */
  get end(): number {
    return this.#taken + this.#bodies.length;
  }

  get taken(): number {
    return this.#taken;
  }

  /** False where it is full, and the event is lost. */
  add(body: string, atMs: number): boolean {
    const { maxEvents, maxBytes } = this.#limits;
    if (this.#bodies.length >= maxEvents || this.#bytes + body.length > maxBytes) {
      const { count = 0, sinceMs = atMs } = this.#refused ?? {};
      this.#refused = { count: count + 1, sinceMs, untilMs: atMs };
      return false;
    }
    this.#bodies.push(body);
    this.#bytes += body.length;
    return true;
  }

  /** What the log itself has to say is few and never refused. */
  addLast(body: string): void {
    this.#bodies.push(body);
    this.#bytes += body.length;
  }

  addFirst(bodies: readonly string[]): void {
    this.#bodies.unshift(...bodies);
    for (const { length } of bodies) this.#bytes += length;
    this.#taken -= bodies.length;
  }

  take(maxEvents: number): string[] {
    const bodies = this.#bodies.splice(0, maxEvents);
    for (const { length } of bodies) this.#bytes -= length;
    this.#taken += bodies.length;
    return bodies;
  }

  /** What was refused since the last call. */
  takeRefused(): Refused | undefined {
    const refused = this.#refused;
    this.#refused = undefined;
    return refused;
  }

  get refused(): number {
    return this.#refused?.count ?? 0;
  }
}
