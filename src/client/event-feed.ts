import { AppError } from '../base/app-error.ts';
import { backoffMs } from '../base/backoff.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { ControlEvent } from '../contract/control-event.ts';
import { closeVersion, protocolVersion } from '../contract/control-protocol.ts';
import type { ControlObserver } from './control.ts';
import { applyEvent, type ControlView, type Hello } from './control-view.ts';

/** What a feed needs of a WebSocket; browsers' and that of ws have it. */
export interface EventSocket {
  onmessage: ((message: { readonly data: unknown }) => void) | null;
  onclose: ((close: { readonly code: number }) => void) | null;
  onerror: ((error: unknown) => void) | null;
  close(): void;
}

export interface EventFeedOptions {
  /** Begins a connection to the events. What it throws or rejects with is tried again later. */
  readonly connect: () => Promise<EventSocket>;
  readonly version: string;
  readonly clock: Clock;
  readonly random?: () => number;
}

/** Daemons restart in a second; one that is away for long is asked for every five. */
const again = { firstMs: 100, maxMs: 5_000 };
/** From connect to snapshot. */
const openTimeoutMs = 10_000;

/** One subscription that outlives connections: each new one begins with a snapshot, so nothing that was missed matters. */
export class EventFeed implements Disposable {
  readonly #options: EventFeedOptions;
  readonly #observer: ControlObserver;
  #socket: EventSocket | undefined;
  #hello: Hello | undefined;
  #view: ControlView | undefined;
  #timer: Timer | undefined;
  #attempt = 0;
  /** Counts connections: what an old one still says is no news. */
  #generation = 0;
  #isLost = false;
  #isOver = false;

  constructor(options: EventFeedOptions, observer: ControlObserver) {
    this.#options = options;
    this.#observer = observer;
    this.#connect();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#letGo();
  }

  #connect(): void {
    const generation = ++this.#generation;
    const isStale = () => this.#isOver || generation !== this.#generation;
    this.#hello = undefined;
    this.#view = undefined;
    this.#timer = this.#options.clock.after(openTimeoutMs, () =>
      this.#lost(new AppError('SP-DAEMON-LOST', { message: `no events in ${openTimeoutMs / 1000} s` })),
    );
    this.#options.connect().then(
      (socket) => {
        if (isStale()) return socket.close();
        this.#socket = socket;
        socket.onmessage = ({ data }) => {
          if (!isStale()) this.#take(data);
        };
        socket.onerror = () => {};
        socket.onclose = ({ code }) => {
          if (!isStale()) this.#closed(code);
        };
      },
      (error) => {
        if (!isStale()) this.#lost(error);
      },
    );
  }

  #take(data: unknown): void {
    const event = JSON.parse(String(data)) as ControlEvent;
    if (event.event === 'hello') {
      this.#hello = event;
      if (event.protocol !== protocolVersion) this.#closed(closeVersion);
      return;
    }
    const view = this.#hello && applyEvent(this.#view, event, this.#hello);
    if (!view) return this.#lost(new AppError('SP-DAEMON-LOST', { message: 'events were missed' }));
    this.#timer?.cancel();
    this.#attempt = 0;
    this.#isLost = false;
    this.#view = view;
    this.#observer.onView(view);
  }

  #closed(code: number): void {
    if (code !== closeVersion) return this.#lost(new AppError('SP-DAEMON-LOST', { message: 'events ended' }));
    const daemon = this.#hello?.version;
    const error = new AppError('SP-DAEMON-VERSION', { daemon, client: this.#options.version });
    this.#isOver = true;
    this.#letGo();
    this.#observer.onLost?.(error, true);
  }

  #lost(error: unknown): void {
    this.#letGo();
    const { clock, random } = this.#options;
    const delayMs = backoffMs(this.#attempt++, { ...again, ...(random && { random }) });
    this.#timer = clock.after(delayMs, () => this.#connect());
    if (this.#isLost) return;
    this.#isLost = true;
    this.#observer.onLost?.(AppError.from(error), false);
  }

  #letGo(): void {
    this.#generation++;
    this.#timer?.cancel();
    this.#socket?.close();
    this.#socket = undefined;
  }
}
