import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../base/clock.ts';
import { apiVersionOf, type KubeObject, type Plural, resourceTypes } from './kube-object.ts';
import type { ObjectStore, Selection } from './object-store.ts';
import { badRequest, expired, type StatusError } from './status-error.ts';

export interface WatchOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly plural: Plural;
  readonly selection: Selection;
  /** The query of the request. */
  readonly query: URLSearchParams;
  /** How an object is shown in an event: as it is, or as a Table. */
  readonly show: (object: KubeObject) => object;
}

const bookmarkIntervalMs = 60_000;
const defaultTimeoutSeconds = 3_600;
/** A client that does not read is dropped when this much waits for it. */
const unreadLimitBytes = 16 << 20;

/** One open watch: a chunked response with one JSON event a line. */
export class WatchResponse {
  readonly #response: ServerResponse;
  readonly #timers = new Set<Timer>();
  #unsubscribe = () => {};

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /**
   * Begins. Without a resourceVersion (or with 0) it starts with an ADDED for everything there is; throws a 410 Status where the
   * version is too old. Calls `onClosed` when the response has ended.
   */
  start({ store, clock, plural, selection, query, show }: WatchOptions, onClosed: () => void): void {
    const asked = query.get('resourceVersion') ?? '';
    if (!/^\d*$/.test(asked)) throw badRequest(`Invalid value: "${asked}": invalid resource version`);
    const fromStart = asked === '' || asked === '0' || query.get('sendInitialEvents') === 'true';
    const send = (type: string, object: object) => this.#send({ type, object });
    const bookmark = (annotations?: Record<string, string>) => {
      const type = resourceTypes[plural];
      const metadata = { resourceVersion: store.resourceVersion, creationTimestamp: null, annotations };
      send('BOOKMARK', { kind: type.kind, apiVersion: apiVersionOf(type), metadata });
    };
    const initial = fromStart ? store.list(plural, selection) : undefined;
    const lines: [string, object][] = (initial?.items ?? []).map((object) => ['ADDED', show(object)]);
    let begun = false;
    this.#unsubscribe = store.watch(plural, {
      ...selection,
      sinceVersion: Number(initial?.resourceVersion ?? asked),
      onEvent: ({ type, object }) => (begun ? send(type, show(object)) : lines.push([type, show(object)])),
    });
    // The head is written only now: a 410 from the line above is still an HTTP status.
    this.#response.writeHead(200, { 'Content-Type': 'application/json' });
    this.#response.flushHeaders();
    begun = true;
    for (const [type, object] of lines) send(type, object);
    if (query.get('sendInitialEvents') === 'true') bookmark({ 'k8s.io/initial-events-end': 'true' });

    if (query.get('allowWatchBookmarks') === 'true') {
      const later = () => {
        bookmark();
        this.#after(clock, bookmarkIntervalMs, later);
      };
      this.#after(clock, bookmarkIntervalMs, later);
    }
    const timeoutSeconds = Number(query.get('timeoutSeconds')) || defaultTimeoutSeconds;
    this.#after(clock, timeoutSeconds * 1_000, () => this.end());
    this.#response.once('close', () => {
      this.#stop();
      onClosed();
    });
  }

  /** Ends it in the regular way, as after timeoutSeconds. */
  end(): void {
    this.#stop();
    this.#response.end();
  }

  /** Ends it with an ERROR event, as when its version has been compacted. */
  fail(error: StatusError = expired(1, 2)): void {
    this.#send({ type: 'ERROR', object: error.toStatus() });
    this.end();
  }

  #send(event: object): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(`${JSON.stringify(event)}\n`);
    if (this.#response.writableLength > unreadLimitBytes) this.#response.destroy();
  }

  #after(clock: Clock, delayMs: number, callback: () => void): void {
    const timer = clock.after(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  #stop(): void {
    this.#unsubscribe();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
