import type { Clock, Timer } from '../base/clock.ts';
import type { AuditEvent } from '../contract/audit-event.ts';

/** Events that somebody can bring about as often as they like; `count` says how many there were. */
export type GatheredEvent = Extract<AuditEvent, { count?: number | undefined }>;

/** Alike events within this time are one. */
const gatherMs = 10_000;
/** Kinds told apart at one time; what comes beyond is told without what its sender chose. */
const maxKinds = 1_000;

export interface GatheredEventsOptions {
  readonly clock: Clock;
  readonly append: (event: GatheredEvent) => void;
}

export interface HowGathered {
  /** So many alike are told at once, each by itself, before they are gathered. */
  readonly atOnce: number;
}

interface Kind {
  event: GatheredEvent;
  /** Told since the last look. */
  told: number;
  /** Not told yet. */
  count: number;
  timer: Timer;
}

/** The first of its kind is recorded at once, those that follow as one event with their number: who knocks often fills no log. */
export class GatheredEvents implements Disposable {
  readonly #options: GatheredEventsOptions;
  readonly #kinds = new Map<string, Kind>();
  #isOver = false;

  constructor(options: GatheredEventsOptions) {
    this.#options = options;
  }

  add(event: GatheredEvent, { atOnce }: HowGathered = { atOnce: 1 }): void {
    if (this.#isOver) return;
    const key = keyOf(event);
    const known = this.#kinds.get(key);
    if (!known && this.#kinds.size >= maxKinds && !isBlurred(event))
      return this.add(blurred(event), { atOnce });
    if (known && known.told >= atOnce) {
      known.event = event;
      known.count++;
      return;
    }
    this.#options.append(event);
    if (known) known.told++;
    else this.#kinds.set(key, { event, told: 1, count: 0, timer: this.#after(key) });
  }

  /** Records now what was gathered of a tunnel. */
  flush(tunnel: string): void {
    for (const [key, kind] of this.#kinds) {
      if (!('tunnel' in kind.event) || kind.event.tunnel !== tunnel) continue;
      kind.timer.cancel();
      this.#kinds.delete(key);
      this.#tell(kind);
    }
  }

  /** Records what was gathered; nothing comes after it. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const kind of this.#kinds.values()) {
      kind.timer.cancel();
      this.#tell(kind);
    }
    this.#kinds.clear();
  }

  #tell({ event, count }: Kind): void {
    if (count > 0) this.#options.append({ ...event, count });
  }

  #after(key: string): Timer {
    return this.#options.clock.after(gatherMs, () => {
      const kind = this.#kinds.get(key);
      if (!kind) return;
      if (kind.count === 0) return void this.#kinds.delete(key);
      this.#tell(kind);
      kind.count = 0;
      kind.timer = this.#after(key);
    });
  }
}

/** What makes two events alike: all but times, numbers and reasons, and of an error its code. */
function keyOf(event: GatheredEvent): string {
  const code = event.error?.code;
  switch (event.event) {
    case 'connection-denied':
      return JSON.stringify([event.event, event.tunnel, code, event.peer, event.databaseUser]);
    case 'postgres-login':
    case 'statement-denied':
      return JSON.stringify([event.event, event.tunnel, code, event.databaseUser]);
    case 'tunnel-denied':
      return JSON.stringify([event.event, event.tunnel, code]);
    case 'secret-read':
      return JSON.stringify([event.event, event.tunnel, event.secret, code]);
    case 'session-denied':
      return JSON.stringify([event.event, event.pod?.uid, code]);
    case 'control-request':
      return JSON.stringify([event.event, event.operation, event.names, event.by, code]);
  }
}

function isBlurred(event: GatheredEvent): boolean {
  return keyOf(event) === keyOf(blurred(event));
}

/** Without what its sender can choose: of such there are few kinds. */
function blurred(event: GatheredEvent): GatheredEvent {
  const error = event.error && { code: event.error.code, details: {} };
  switch (event.event) {
    case 'connection-denied': {
      const { peer: _peer, databaseUser: _user, ...rest } = event;
      return { ...rest, error: error! };
    }
    case 'postgres-login':
    case 'statement-denied':
      return { ...event, databaseUser: '', error: error! };
    case 'tunnel-denied': {
      const { reason: _, ...rest } = event;
      return { ...rest, tunnel: '', profile: undefined, error: error! };
    }
    case 'session-denied': {
      const { pod: _, ...rest } = event;
      return { ...rest, error: error! };
    }
    case 'secret-read':
      // Of a profile: there are no more of them than of profiles.
      return event;
    case 'control-request':
      return { ...event, names: [], by: {}, error };
  }
}
