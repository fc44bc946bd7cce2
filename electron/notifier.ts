import type { Clock, Timer } from '../src/base/clock.ts';
import type { ControlView } from '../src/client/control-view.ts';
import { coalesce, type Note, notesBetween, type ShownNote } from './notes.ts';
import { needsUser } from './overall-state.ts';
import type { DaemonNow } from './page-feeds.ts';

export interface NotifierOptions {
  readonly clock: Clock;
  readonly show: (note: ShownNote) => void;
  /** Whether the user looks at the window, which says it already. */
  readonly isWatched: () => boolean;
  /** Whether the user wants to be told at all. Never rejects. */
  readonly isWanted: () => Promise<boolean>;
}

/** What comes within this time is told together: one expired login may stop twenty tunnels. */
const gatherMs = 1_500;
/** One that goes back and forth is told of once in this time. */
const againMs = 600_000;
const maxTold = 2_000;

/** Tells people what needs them, and little else. */
export class Notifier implements Disposable {
  readonly #options: NotifierOptions;
  #view: ControlView | undefined;
  #gathered: Note[] = [];
  #timer: Timer | undefined;
  /** When each tunnel was last said to need its user; forgotten when it is said to be fine. */
  readonly #toldMs = new Map<string, number>();

  constructor(options: NotifierOptions) {
    this.#options = options;
  }

  tell(now: DaemonNow): void {
    if (now.kind !== 'here') return;
    const before = this.#view;
    this.#view = now.view;
    // Another daemon's state is compared with nothing, or its start would look like news. One that is asked anew says hello anew.
    if (!before || !isSame(before.daemon, now.view.daemon)) return;
    const notes = notesBetween(before, now.view);
    if (notes.length === 0) return;
    this.#gathered.push(...notes);
    this.#timer ??= this.#options.clock.after(gatherMs, () => void this.#flush());
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  async #flush(): Promise<void> {
    this.#timer = undefined;
    const gathered = this.#gathered;
    this.#gathered = [];
    const worth = gathered.filter((note) => this.#isWorth(note));
    const { isWatched, isWanted, show } = this.#options;
    if (worth.length === 0 || isWatched() || !(await isWanted())) return;
    for (const note of coalesce(worth)) show(note);
  }

  #isWorth({ kind, tunnel }: Note): boolean {
    const nowMs = this.#options.clock.nowMs();
    const current = this.#view?.tunnels.get(tunnel);
    if (!current) return false;
    switch (kind) {
      case 'needs you': {
        // Answered meanwhile, by the one who clicked.
        if (!needsUser(current)) return false;
        const toldMs = this.#toldMs.get(tunnel);
        if (toldMs !== undefined && nowMs - toldMs < againMs) return false;
        if (this.#toldMs.size >= maxTold) this.#toldMs.clear();
        this.#toldMs.set(tunnel, nowMs);
        return true;
      }
      case 'fine again':
        return current.shown === 'ready' && this.#toldMs.delete(tunnel);
      case 'limit':
        return current.limit?.isNear === true;
    }
  }
}

function isSame(one: ControlView['daemon'], other: ControlView['daemon']): boolean {
  return one.pid === other.pid && one.startedAtMs === other.startedAtMs;
}
