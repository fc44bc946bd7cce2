import type { Clock } from '../base/clock.ts';
import type { DialledPod } from './dial.ts';

/** As long as an answer is believed; then one connection asks again. */
const keptMs = 5 * 60_000;
const maxServers = 16;

/**
 * Servers that answered lately that they have no TLS: where TLS is preferred and not required, asking each time costs a round trip for the same
 * answer. Only that mode may believe it, which would take the same answer from anybody. By pod UID, so that a successor is asked.
 */
export class PlainServers {
  readonly #clock: Clock;
  /** Until when, by pod UID; the oldest answer first. */
  readonly #untilMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has({ uid }: DialledPod): boolean {
    return this.#clock.nowMs() < (this.#untilMs.get(uid) ?? Number.NEGATIVE_INFINITY);
  }

  /** It was asked just now. */
  note({ uid }: DialledPod): void {
    this.#untilMs.delete(uid);
    this.#untilMs.set(uid, this.#clock.nowMs() + keptMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > maxServers && oldest !== undefined) this.#untilMs.delete(oldest);
  }

  forget({ uid }: DialledPod): void {
    this.#untilMs.delete(uid);
  }
}
