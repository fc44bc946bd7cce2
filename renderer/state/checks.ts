import { AppError } from '../../src/base/app-error.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Check } from '../../src/contract/control-check.ts';
import type { ErrorData } from '../../src/contract/error-codes.ts';
import type { Api } from '../api.ts';

/** Each asks a cluster a dozen questions. */
const atATime = 4;

/** The preflight of one tunnel, as far as this window has asked for it. What was found last stays while it is asked again. */
export interface CheckState {
  readonly running?: true;
  readonly found?: CheckFound;
}

export type CheckFound = { readonly atMs: number } & (
  | { readonly kind: 'checked'; readonly check: Check }
  /** It could not be asked. */
  | { readonly kind: 'failed'; readonly error: ErrorData }
);

const unasked: CheckState = {};

/** Preflights that people ask for, some at a time. What they found is kept until the next one, whichever view is looked at. */
export class Checks {
  readonly #api: Pick<Api, 'call'>;
  readonly #clock: Clock;
  readonly #states = new Map<string, CheckState>();
  readonly #waiting = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #stopping = new AbortController();
  #workers = 0;
  #version = 0;

  constructor(api: Pick<Api, 'call'>, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Another number after each change of anything. */
  readonly version = (): number => this.#version;

  of(id: string): CheckState {
    return this.#states.get(id) ?? unasked;
  }

  /** How many are being asked, or wait for it. */
  get left(): number {
    return this.#waiting.size + this.#workers;
  }

  /** What fails is found too. */
  run(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.of(id).running) continue;
      this.#waiting.add(id);
      this.#states.set(id, { ...this.of(id), running: true });
    }
    this.#tell();
    while (this.#workers < atATime && this.#waiting.size > 0) void this.#work();
  }

  /** Those that wait are not asked, and those that are being asked are given up. */
  stop(): void {
    this.#stopping.abort();
    this.#stopping = new AbortController();
    for (const id of this.#waiting) this.#settle(id);
    this.#waiting.clear();
    this.#tell();
  }

  /** Takes the first one at once, and goes on while there are more. */
  async #work(): Promise<void> {
    this.#workers++;
    for (const id of this.#waiting) {
      this.#waiting.delete(id);
      const { signal } = this.#stopping;
      const found = await this.#check(id, signal);
      this.#settle(id, signal.aborted ? undefined : found);
      this.#tell();
    }
    this.#workers--;
    this.#tell();
  }

  async #check(id: string, signal: AbortSignal): Promise<CheckFound> {
    try {
      const check = await this.#api.call('check', { name: id }, { signal });
      return { kind: 'checked', check, atMs: this.#clock.wallMs() };
    } catch (thrown) {
      return { kind: 'failed', error: AppError.from(thrown).toData(), atMs: this.#clock.wallMs() };
    }
  }

  #settle(id: string, found = this.of(id).found): void {
    this.#states.set(id, found ? { found } : unasked);
  }

  #tell(): void {
    this.#version++;
    for (const listener of [...this.#listeners]) listener();
  }
}
