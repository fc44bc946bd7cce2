import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { CancelKeys } from './cancel-keys.ts';
import type { LocalAccess } from './client-greeting.ts';
import type { Dial } from './dial.ts';
import { type CancelTarget, GatewayConnection } from './gateway-connection.ts';
import type { GatewayEvent } from './gateway-event.ts';
import { ScramKeyCache } from './scram-key-cache.ts';
import type { UpstreamAccess } from './upstream-access.ts';

/**
 * The Postgres gateway of one tunnel: local programs log in with the tunnel's own password, the gateway logs in at the database with the
 * real one, and the two connections become one. Trust boundary: towards the machine every program is unknown until it has logged in; towards the
 * cluster whatever listens in the pod gets no more than TLS and SCRAM let it have. When anything fails the client is told in its own protocol.
 */

export interface GatewayOptions {
  readonly clock: Clock;
  readonly local: LocalAccess;
  readonly upstream: UpstreamAccess;
  /** Whether replication connections may be opened (pg_basebackup, logical decoding). Never on a read-only tunnel. */
  readonly replication: 'pass' | 'refuse';
  /** How long one client waits for a way into the database. */
  readonly holdMs: number;
  readonly onEvent: (event: GatewayEvent) => void;
}

export interface ServeOptions {
  readonly dial: Dial;
  /** The program is on the list of those that need no password. Default no. */
  readonly passwordless?: boolean;
}

/** Clients of one tunnel that have not logged in yet. */
const maxGreetings = 256;

/** What the connections of one gateway share. */
export interface GatewayShared extends GatewayOptions {
  readonly cancelKeys: CancelKeys<CancelTarget>;
  readonly keyCache: ScramKeyCache;
  /** False: too many are being greeted. */
  enter(): boolean;
  leave(): void;
}

export class Gateway {
  readonly #shared: GatewayShared;
  #greetings = 0;

  constructor(options: GatewayOptions) {
    this.#shared = {
      ...options,
      cancelKeys: new CancelKeys(),
      keyCache: new ScramKeyCache(),
      enter: () => this.#greetings < maxGreetings && ++this.#greetings > 0,
      leave: () => void this.#greetings--,
    };
  }

  /** Serves one accepted socket, from its first byte to its last. The socket must allow half-open. */
  serve(socket: Socket, options: ServeOptions): GatewayConnection {
    return new GatewayConnection(socket, { ...options, shared: this.#shared });
  }
}
