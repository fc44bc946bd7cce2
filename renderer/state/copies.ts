import type { Clock, Timer } from '../../src/base/clock.ts';
import type { ConnectionFormat, ConnectionKind } from '../../src/contract/connection-format.ts';
import { formatsByKind } from '../../src/contract/connection-format.ts';

const saidMs = 2_000;

export interface Copied {
  /** What the text is of: a tunnel, mostly. */
  readonly of: string;
  /** Which of its texts. */
  readonly what: string;
}

export interface CopiesOptions {
  readonly clock: Clock;
  readonly write: (text: string) => Promise<void>;
  /** Where favourites are kept. */
  readonly favourites: {
    format(kind: ConnectionKind): ConnectionFormat | undefined;
    prefer(kind: ConnectionKind, format: ConnectionFormat): void;
  };
}

/** What was copied last, for the two seconds in which its button says so, and which format people take of each kind. */
export class Copies {
  readonly #options: CopiesOptions;
  readonly #listeners = new Set<() => void>();
  #copied: Copied | undefined;
  #timer: Timer | undefined;

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  readonly last = (): Copied | undefined => this.#copied;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Rejects where the system lets nobody copy. */
  async copy(copied: Copied, text: string): Promise<void> {
    await this.#options.write(text);
    this.#say(copied);
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(saidMs, () => this.#say(undefined));
  }

  /** The format taken last of this kind, else the kind's first. */
  favourite(kind: ConnectionKind): ConnectionFormat {
    const kept = this.#options.favourites.format(kind);
    const formats: readonly ConnectionFormat[] = formatsByKind[kind];
    return formats.find((format) => format === kept) ?? formatsByKind[kind][0];
  }

  prefer(kind: ConnectionKind, format: ConnectionFormat): void {
    this.#options.favourites.prefer(kind, format);
  }

  #say(copied: Copied | undefined): void {
    this.#copied = copied;
    for (const listener of [...this.#listeners]) listener();
  }
}
