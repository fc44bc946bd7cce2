import type { Socket } from 'node:net';
import { CancelKeys } from './cancel-keys.ts';
import { GatewayConnection } from './gateway-connection.ts';
import type { GatewayOptions, GatewayShared, ServeOptions } from './gateway-options.ts';
import { PlainServers } from './plain-servers.ts';
import { ScramKeyCache } from './scram-key-cache.ts';

/**
 * The Postgres gateway of one tunnel: local programs log in with the tunnel's own password, the gateway logs in at the database with the
 * real one, and the two connections become one. Trust boundary: towards the machine every program is unknown until it has logged in; towards the
 * cluster whatever listens in the pod gets no more than TLS and SCRAM let it have. When anything fails the client is told in its own protocol.
 */

/** Clients of one tunnel that have not logged in yet. */
const maxGreetings = 256;

export class Gateway {
  readonly #shared: GatewayShared;
  #greetings = 0;

  constructor(options: GatewayOptions) {
    this.#shared = {
      ...options,
      cancelKeys: new CancelKeys(),
      keyCache: new ScramKeyCache(),
      plainServers: new PlainServers(options.clock),
      enter: () => this.#greetings < maxGreetings && ++this.#greetings > 0,
      leave: () => void this.#greetings--,
    };
  }

  /** Serves one accepted socket, from its first byte to its last. The socket must allow half-open. */
  serve(socket: Socket, options: ServeOptions): GatewayConnection {
    return new GatewayConnection(socket, { ...options, shared: this.#shared });
  }
}
