import type { ControlObserver } from './control.ts';
import { EventFeed, type EventFeedOptions } from './event-feed.ts';

/** The subscriptions of one control, which end with it. */
export class EventFeeds implements Disposable {
  readonly #feeds = new Set<EventFeed>();

  follow(options: EventFeedOptions, observer: ControlObserver): Disposable {
    const feed = new EventFeed(options, observer);
    this.#feeds.add(feed);
    return {
      [Symbol.dispose]: () => {
        feed[Symbol.dispose]();
        this.#feeds.delete(feed);
      },
    };
  }

  [Symbol.dispose](): void {
    for (const feed of this.#feeds) feed[Symbol.dispose]();
    this.#feeds.clear();
  }
}
