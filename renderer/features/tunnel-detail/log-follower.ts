import { AppError } from '../../../src/base/app-error.ts';
import type { Control } from '../../../src/client/control.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { LogLines, maxLogLines, type ShownLine } from './log-lines.ts';

/** A daemon that has nothing to tell is asked again after this long; a line comes at once. */
const waitMs = 30_000;

export interface FollowedLog {
  readonly isRead: boolean;
  /** Oldest first. */
  readonly lines: readonly ShownLine[];
  /** Why it is not followed any more. */
  readonly error?: ErrorData;
}

/** One tunnel's log of one daemon, read and followed until it is let go of or fails: another daemon numbers its lines anew, and takes another one of these. */
export class LogFollower implements Disposable {
  readonly #api: Pick<Control, 'call'>;
  readonly #name: string;
  readonly #onChange: () => void;
  readonly #lines = new LogLines();
  readonly #over = new AbortController();
  #now: FollowedLog = { isRead: false, lines: [] };

  constructor(api: Pick<Control, 'call'>, name: string, onChange: () => void) {
    this.#api = api;
    this.#name = name;
    this.#onChange = onChange;
  }

  get now(): FollowedLog {
    return this.#now;
  }

  /** Never rejects. */
  async follow(): Promise<void> {
    const { signal } = this.#over;
    let after: number | undefined;
    try {
      while (!signal.aborted) {
        const more = after === undefined ? {} : { after, waitMs };
        const asked = { name: this.#name, limit: maxLogLines, ...more };
        const { lines } = await this.#api.call('logs', asked, { signal });
        if (signal.aborted) return;
        // Lines of earlier daemons have numbers up to 0; what is new begins with 1.
        after = lines.at(-1)?.sequence ?? after ?? 0;
        this.#lines.add(lines);
        if (lines.length > 0 || !this.#now.isRead) this.#tell();
      }
    } catch (thrown) {
      if (!signal.aborted) this.#tell(AppError.from(thrown).toData());
    }
  }

  [Symbol.dispose](): void {
    this.#over.abort();
  }

  #tell(error?: ErrorData): void {
    this.#now = { isRead: true, lines: this.#lines.all, ...(error && { error }) };
    this.#onChange();
  }
}
