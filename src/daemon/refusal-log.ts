import type { Clock } from '../base/clock.ts';
import type { Log, LogFields } from '../base/log.ts';

const everyMs = 1_000;
const maxTextLength = 200;

/** Tells of what strangers were refused, at most once a second and with texts cut: they must not be able to fill the log. */
export class RefusalLog {
  readonly #clock: Clock;
  readonly #log: Log;
  #nextMs = Number.NEGATIVE_INFINITY;
  /** Since the last line. */
  #untold = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  warn(event: string, fields: LogFields): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#nextMs) {
      this.#untold++;
      return;
    }
    this.#nextMs = nowMs + everyMs;
    const texts = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.slice(0, maxTextLength) : value,
    ]);
    this.#log.warn(event, {
      ...Object.fromEntries(texts),
      ...(this.#untold > 0 && { untold: this.#untold }),
    });
    this.#untold = 0;
  }
}
