import type { Timer } from '../base/clock.ts';
import type { Cli } from './cli.ts';

/** How often a text that counts time is written anew. */
const againMs = 1_000;

/** One line of standard error that rewrites itself on a terminal, and is absent elsewhere. Gone when disposed. */
export class ProgressLine implements Disposable {
  readonly #cli: Pick<Cli, 'stderr' | 'clock'>;
  #text: (() => string) | undefined;
  #timer: Timer | undefined;
  #isDrawn = false;

  constructor(cli: Pick<Cli, 'stderr' | 'clock'>) {
    this.#cli = cli;
  }

  /** `text` is asked for again while time goes by. */
  show(text: () => string): void {
    if (!this.#cli.stderr.isTTY) return;
    this.#text = text;
    this.#draw();
  }

  /** Makes room for other lines. */
  clear(): void {
    this.#timer?.cancel();
    if (this.#isDrawn) this.#cli.stderr.write('\r\x1b[2K');
    this.#isDrawn = false;
  }

  [Symbol.dispose](): void {
    this.#text = undefined;
    this.clear();
  }

  #draw(): void {
    this.clear();
    if (!this.#text) return;
    const text = this.#text();
    const columns = this.#cli.stderr.columns ?? 80;
    // A line that wraps would not be erased whole.
    this.#cli.stderr.write(text.length < columns ? text : `${text.slice(0, columns - 2)}…`);
    this.#isDrawn = true;
    this.#timer = this.#cli.clock.after(againMs, () => this.#draw());
  }
}
