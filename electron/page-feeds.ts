import type { ControlView } from '../src/client/control-view.ts';
import { viewEvents } from '../src/client/view-events.ts';
import type { BridgeNews } from '../src/contract/desktop-bridge.ts';
import type { ErrorData } from '../src/contract/error-codes.ts';

/** What the daemon is to the app at a moment. */
export type DaemonNow =
  | { readonly kind: 'looking' }
  | { readonly kind: 'here'; readonly view: ControlView }
  /** The last view is old. final: it is not looked for by itself. */
  | {
      readonly kind: 'lost';
      readonly view: ControlView | undefined;
      readonly error: ErrorData;
      readonly final: boolean;
    };

/** A page that is loaded again leaves its feed behind. */
const maxFeeds = 8;

/**
 * The feeds of one page. Each remembers what its page was told last and is sent the difference when it asks: nothing is queued for one
 * that does not ask, however fast things change.
 */
export class PageFeeds {
  readonly #feeds = new Map<number, Feed>();
  #now: DaemonNow;

  constructor(now: DaemonNow) {
    this.#now = now;
  }

  tell(now: DaemonNow): void {
    this.#now = now;
    for (const feed of this.#feeds.values()) feed.tell(now);
  }

  /** Resolves with undefined where the feed was ended, or asks twice at one time. */
  next(id: number): Promise<BridgeNews | undefined> {
    let feed = this.#feeds.get(id);
    if (!feed) {
      const [oldest] = this.#feeds.keys();
      if (this.#feeds.size >= maxFeeds && oldest !== undefined) this.end(oldest);
      feed = new Feed(this.#now);
      this.#feeds.set(id, feed);
    }
    return feed.next();
  }

  end(id: number): void {
    this.#feeds.get(id)?.end();
    this.#feeds.delete(id);
  }

  endAll(): void {
    for (const id of [...this.#feeds.keys()]) this.end(id);
  }
}

class Feed {
  #now: DaemonNow;
  #told: ControlView | undefined;
  #toldLost: ErrorData | undefined;
  #sequence = 0;
  #waiting: ((news: BridgeNews | undefined) => void) | undefined;

  constructor(now: DaemonNow) {
    this.#now = now;
  }

  tell(now: DaemonNow): void {
    this.#now = now;
    if (!this.#waiting) return;
    const news = this.#news();
    if (news) this.#settle(news);
  }

  next(): Promise<BridgeNews | undefined> {
    this.#settle(undefined);
    const news = this.#news();
    if (news) return Promise.resolve(news);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  end(): void {
    this.#settle(undefined);
  }

  #settle(news: BridgeNews | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(news);
  }

  #news(): BridgeNews | undefined {
    const now = this.#now;
    if (now.kind === 'looking') return undefined;
    // The last view is shown dimmed, also by a page that was opened after the daemon went.
    const events = now.view ? viewEvents(this.#told, now.view, this.#sequence + 1) : [];
    if (events.length > 0) {
      const last = events.at(-1);
      if (last && 'sequence' in last) this.#sequence = last.sequence;
      this.#told = now.view;
      if (now.kind === 'here') this.#toldLost = undefined;
      return { kind: 'events', events };
    }
    if (now.kind === 'lost' && this.#toldLost !== now.error) {
      this.#toldLost = now.error;
      return { kind: 'lost', error: now.error, final: now.final };
    }
    if (now.kind === 'here' && this.#toldLost) {
      // Back, with nothing changed: a whole view says so.
      this.#toldLost = undefined;
      this.#told = now.view;
      const again = viewEvents(undefined, now.view, this.#sequence + 1);
      this.#sequence++;
      return { kind: 'events', events: again };
    }
    return undefined;
  }
}
