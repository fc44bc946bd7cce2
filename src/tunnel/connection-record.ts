import type { ErrorData } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { LocalPeer } from './connection-event.ts';
import type { ConnectionHost, LocalConnection, Route } from './connection-host.ts';
import type { PodStream } from './upstream.ts';

/** A stream that was opened, by the monotonic clock. */
export interface Opened {
  readonly route: Route;
  readonly stream: PodStream;
  /** When the attempt began. */
  readonly startedMs: number;
  readonly openedMs: number;
  /** When the pod's side had taken it. */
  answeredMs: number | undefined;
}

export interface ConnectionRecordOptions {
  readonly connection: LocalConnection;
  readonly peer: LocalPeer | undefined;
  readonly host: ConnectionHost;
}

/** What is told of one local connection, each once: that it got through, and that it is over. */
export class ConnectionRecord {
  /** To which a stream was opened last. */
  pod: PodIdentity | undefined;
  /** Why it ended, or is to end. */
  error: ErrorData | undefined;
  readonly #options: ConnectionRecordOptions;
  readonly #acceptedMs: number;
  #isStarted = false;
  #isOver = false;

  constructor(options: ConnectionRecordOptions) {
    this.#options = options;
    this.#acceptedMs = options.host.clock.nowMs();
  }

  gotThrough({ route, stream, startedMs, openedMs, answeredMs }: Opened): void {
    const { connection, peer, host } = this.#options;
    const { clock } = host;
    connection.heldSinceMs = undefined;
    host.served(route);
    if (this.#isStarted) return;
    this.#isStarted = true;
    host.event({
      kind: 'start',
      atMs: clock.wallMs(),
      connection: connection.id,
      pod: route.pod,
      port: route.port,
      auditId: stream.auditId,
      heldMs: openedMs - this.#acceptedMs,
      connectMs: (answeredMs ?? clock.nowMs()) - startedMs,
      peer,
    });
  }

  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { connection, peer, host } = this.#options;
    host.event({
      kind: 'end',
      atMs: host.clock.wallMs(),
      connection: connection.id,
      pod: this.pod,
      ...connection.traffic,
      peer,
      durationMs: host.clock.nowMs() - this.#acceptedMs,
      error: this.error,
    });
    host.gone(connection);
  }
}
