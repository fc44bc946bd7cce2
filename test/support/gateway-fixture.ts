import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { AppError } from '../../src/base/app-error.ts';
import { systemClock } from '../../src/base/clock.ts';
import { Secret } from '../../src/base/secret.ts';
import type { LocalAccess } from '../../src/postgres/client-greeting.ts';
import type { Dial } from '../../src/postgres/dial.ts';
import { Gateway } from '../../src/postgres/gateway.ts';
import type { GatewayConnection } from '../../src/postgres/gateway-connection.ts';
import type { GatewayEvent } from '../../src/postgres/gateway-event.ts';
import type { GatewayOptions } from '../../src/postgres/gateway-options.ts';
import { makeVerifier } from '../../src/postgres/scram.ts';
import type { UpstreamAccess } from '../../src/postgres/upstream-access.ts';
import type { UpstreamTls } from '../../src/postgres/upstream-tls.ts';
import { app } from './real-database.ts';

/** What the copied string holds. */
export const local = { user: 'app', password: 'of the tunnel', database: app.database };

export interface GatewayFixtureOptions
  extends Partial<Pick<GatewayOptions, 'replication' | 'holdMs' | 'clock' | 'statementAudit'>> {
  readonly dial: Dial;
  readonly access?: Partial<LocalAccess>;
  readonly upstream?: Partial<Omit<UpstreamAccess, 'tls'>> & { readonly tls?: UpstreamTls };
  readonly passwordless?: boolean;
}

export interface GatewayFixture extends AsyncDisposable {
  readonly port: number;
  readonly events: GatewayEvent[];
  readonly connections: Set<GatewayConnection>;
}

/** A gateway behind a listener of its own on 127.0.0.1. */
export async function openGateway(options: GatewayFixtureOptions): Promise<GatewayFixture> {
  const { dial, access, upstream, passwordless = false, ...rest } = options;
  const verifier = await makeVerifier(new Secret(local.password));
  const events: GatewayEvent[] = [];
  const gateway = new Gateway({
    clock: systemClock,
    replication: 'pass',
    holdMs: 10_000,
    ...rest,
    local: {
      user: local.user,
      password: () => ({ verifier, isExpired: false }),
      tls: () => undefined,
      hints: { password: 'sallyport copy orders-db prints it.', expired: '' },
      mockSeed: randomBytes(32),
      ...access,
    },
    upstream: {
      credentials: async () => [{ user: app.user, password: new Secret(app.password) }],
      passwordPolicy: 'any-hashed',
      readOnly: false,
      ...upstream,
      tls: () => upstream?.tls ?? { mode: 'disable' },
    },
    onEvent: (event) => void events.push(event),
  });
  let accepted = 0;
  const sockets = new Set<Socket>();
  const connections = new Set<GatewayConnection>();
  const server = createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 1 << 20 }, (socket) => {
    sockets.add(socket);
    const connection = gateway.serve(socket, {
      dial,
      passwordless: () => passwordless,
      connection: ++accepted,
    });
    connections.add(connection);
    socket.once('close', () => {
      sockets.delete(socket);
      connections.delete(connection);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    events,
    connections,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections) connection.end();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A pod that is a port of this machine. */
export function dialTcp(port: number, uid = 'pod-1'): Dial {
  const open = async ({ head, signal }: { head: readonly Buffer[]; signal: AbortSignal }) => {
    signal.throwIfAborted();
    const stream = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    try {
      await once(stream, 'connect', { signal });
    } catch (error) {
      stream.destroy();
      throw error instanceof AppError ? error : new AppError('SP-PORT-REFUSED', { port }, error);
    }
    for (const bytes of head) stream.write(bytes);
    return stream;
  };
  const pod = { name: 'postgres-0', uid };
  return async ({ head, signal }) => ({
    stream: await open({ head: head(pod), signal }),
    pod,
    served: () => {},
    failed: () => false,
    again: open,
  });
}

/** Lets the loop turn until it is so. Bounded by the test's own timeout. */
export async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
