import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log, LogFields, LogLevel } from '../base/log.ts';
import type { LogLine } from '../contract/control-tunnel.ts';

const maxLines = 1_000;
/** Programs that wait for the next line at one time: terminals and windows of one person. */
const maxWaiting = 64;

export interface LinesAfter {
  /** The line that the asker has; undefined: the newest lines are asked for, and nothing is waited for. */
  readonly after?: number | undefined;
  readonly limit: number;
  /** How long to wait where there is none yet. */
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** A tunnel's own log, the newest lines of it, numbered from 1 on. */
export class LogLines {
  readonly #clock: Clock;
  readonly #lines: LogLine[] = [];
  readonly #added = new Listeners<void>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): readonly LogLine[] {
    return this.#lines;
  }

  /** A log that keeps its lines here and passes them on with the tunnel's id. */
  log(through: Log, tunnel: string): Log {
    const at =
      (level: LogLevel) =>
      (event: string, fields: LogFields = {}) => {
        this.#add({ atMs: this.#clock.wallMs(), level, event, fields: { ...fields } });
        through[level](event, { tunnel, ...fields });
      };
    return { debug: at('debug'), info: at('info'), warn: at('warn') };
  }

  /** The newest lines, or those after one, the oldest first; none where the time is over or who asked has gone. Throws SP-USAGE. */
  async read({ after, limit, waitMs, signal }: LinesAfter): Promise<LogLine[]> {
    if (after === undefined) return this.#lines.slice(-limit);
    // A number that is not reached yet is from a daemon before this one: all lines are new to who has it.
    const from = after > this.#last ? 0 : after;
    if (this.#last === from && waitMs > 0) await this.#next(waitMs, signal);
    const start = this.#lines.findIndex(({ sequence }) => sequence > from);
    return start < 0 ? [] : this.#lines.slice(start, start + limit);
  }

  #add(line: Omit<LogLine, 'sequence'>): void {
    this.#lines.push({ sequence: ++this.#last, ...line });
    if (this.#lines.length > maxLines) this.#lines.shift();
    this.#added.emit();
  }

  #next(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#added.size >= maxWaiting) {
      throw new AppError('SP-USAGE', { message: `${maxWaiting} programs follow this log already` });
    }
    return new Promise((resolve) => {
      const finish = () => {
        timer.cancel();
        forget();
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const timer = this.#clock.after(waitMs, finish);
      const forget = this.#added.add(finish);
      if (signal.aborted) finish();
      else signal.addEventListener('abort', finish, { once: true });
    });
  }
}
