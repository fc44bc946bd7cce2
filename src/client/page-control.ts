import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { OperationAnswer, OperationInput, OperationName } from '../contract/control.ts';
import {
  eventsPath,
  operationPath,
  protocolHeader,
  protocolVersion,
  versionHeader,
} from '../contract/control-protocol.ts';
import { answerLimitMs } from './answer-limit.ts';
import { answeredError } from './answered-error.ts';
import type { CallOptions, Control, ControlObserver } from './control.ts';
import type { EventSocket } from './event-feed.ts';
import { EventFeeds } from './event-feeds.ts';

export interface PageControlOptions {
  /** Of the daemon's page: http://HOST:PORT. Its cookie is the browser's to send. */
  readonly origin: string;
  readonly version: string;
  readonly clock: Clock;
}

/** Control from the page that the daemon serves. A browser cannot start a daemon: a call where none answers says SP-DAEMON-LOST. */
export class PageControl implements Control {
  readonly #options: PageControlOptions;
  readonly #feeds = new EventFeeds();

  constructor(options: PageControlOptions) {
    this.#options = options;
  }

  async call<N extends OperationName>(
    operation: N,
    input: OperationInput<N>,
    options: CallOptions = {},
  ): Promise<OperationAnswer<N>> {
    const { signal } = options;
    const { origin, version, clock } = this.#options;
    const late = new AbortController();
    const limitMs = answerLimitMs(input, options);
    const timer = clock.after(limitMs, () => late.abort(new Error(`no answer in ${limitMs} ms`)));
    try {
      const response = await fetch(`${origin}${operationPath(operation)}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [protocolHeader]: String(protocolVersion),
          [versionHeader]: version,
        },
        body: JSON.stringify(input),
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      });
      const answer: unknown = await response.json();
      if (!response.ok) throw answeredError(answer);
      return answer as OperationAnswer<N>;
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason;
      if (thrown instanceof AppError) throw thrown;
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      throw new AppError('SP-DAEMON-LOST', { message }, thrown);
    } finally {
      timer.cancel();
    }
  }

  subscribe(observer: ControlObserver): Disposable {
    const { version, clock } = this.#options;
    return this.#feeds.follow({ connect: async () => this.#events(), version, clock }, observer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feeds[Symbol.dispose]();
  }

  #events(): EventSocket {
    return new WebSocket(`${this.#options.origin.replace(/^http/, 'ws')}${eventsPath}`) as EventSocket;
  }
}
