import type { Clock, Timer } from '../base/clock.ts';
import type { AuditEvent } from '../contract/audit-event.ts';

type Denied = Extract<AuditEvent, { event: 'connection-denied' }>;

/** Alike attempts within this time are one event. */
const gatherMs = 10_000;
/** Kinds of attempts told apart at one time; what comes beyond is told without its peer. */
const maxKinds = 100;

export interface DeniedAttemptsOptions {
  readonly clock: Clock;
  readonly append: (event: Denied) => void;
}

/** The first attempt of its kind is recorded at once, those that follow as one event with their number: who knocks often fills no log. */
export class DeniedAttempts implements Disposable {
  readonly #options: DeniedAttemptsOptions;
  readonly #kinds = new Map<string, { event: Denied; count: number; timer: Timer }>();

  constructor(options: DeniedAttemptsOptions) {
    this.#options = options;
  }

  add(event: Denied): void {
    const key = JSON.stringify([event.tunnel, event.error.code, event.peer]);
    const known = this.#kinds.get(key);
    if (known) {
      known.event = event;
      known.count++;
      return;
    }
    if (this.#kinds.size >= maxKinds && event.peer) {
      const { peer: _, error, ...rest } = event;
      return this.add({ ...rest, error: { code: error.code, details: {} } });
    }
    this.#options.append(event);
    this.#kinds.set(key, { event, count: 0, timer: this.#after(key) });
  }

  /** Records what was gathered. */
  [Symbol.dispose](): void {
    for (const { event, count, timer } of this.#kinds.values()) {
      timer.cancel();
      if (count > 0) this.#options.append({ ...event, count });
    }
    this.#kinds.clear();
  }

  #after(key: string): Timer {
    return this.#options.clock.after(gatherMs, () => {
      const kind = this.#kinds.get(key);
      if (!kind) return;
      if (kind.count === 0) return void this.#kinds.delete(key);
      this.#options.append({ ...kind.event, count: kind.count });
      kind.count = 0;
      kind.timer = this.#after(key);
    });
  }
}
