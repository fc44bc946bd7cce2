import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import type { ConnectionEvent } from '../../src/tunnel/connection-event.ts';
import { createTunnel, type Tunnel, type TunnelOptions } from '../../src/tunnel/tunnel.ts';
import { FakeClock } from './fake-clock.ts';
import { FakePod, FakeUpstream, type ServedStream } from './fake-upstream.ts';
import { expectNoHandles } from './no-handles.ts';
import { settle } from './settle.ts';

export const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Applications for a FakePod. */
export const echo = ({ app }: ServedStream) => void app.pipe(app);
export const greet = (name: string) => (stream: ServedStream) => {
  stream.app.write(`hello from ${name}\n`);
  echo(stream);
};

/** Lets sockets and promises go on until it is so. Bounded by the test's own timeout. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

export async function firstBytes(client: Socket): Promise<string> {
  const [chunk] = await once(client, 'data');
  return String(chunk);
}

/** How the client saw its connection end. */
export async function ending(client: Socket): Promise<'end' | 'reset'> {
  client.resume();
  return new Promise((resolve) => {
    client.once('end', () => resolve('end'));
    client.once('error', () => resolve('reset'));
  });
}

/**
 * Tunnels with a clock and a world behind them that move by hand, and real local clients. Called once in a test file: ends what its tests leave
 * and fails the file where a socket stays.
 */
export function tunnelFixture() {
  const tunnels: Tunnel[] = [];
  const clients: Socket[] = [];

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await Promise.all(tunnels.splice(0).map((tunnel) => tunnel.stop()));
  });
  afterAll(expectNoHandles);

  return async (options: Partial<TunnelOptions> = {}) => {
    const clock = new FakeClock();
    const upstream = new FakeUpstream();
    const events: ConnectionEvent[] = [];
    const tunnel = createTunnel({
      upstream,
      clock,
      log: silentLog,
      listen: { kind: 'tcp', port: 0, addresses: ['127.0.0.1'] },
      random: () => 0,
      ...options,
    });
    tunnels.push(tunnel);
    tunnel.onConnection((event) => events.push(event));
    await tunnel.start();
    const local = () => {
      const [address] = tunnel.addresses;
      if (address?.kind !== 'tcp') throw new Error('no TCP address');
      const client = connect({ host: address.address, port: address.port, allowHalfOpen: true });
      client.on('error', () => {});
      clients.push(client);
      return client;
    };
    /** Resolves with a pod that serves so, once the tunnel is ready for it. */
    const serving = async (serve: FakePod['serve']) => {
      const pod = new FakePod('a');
      pod.serve = serve;
      upstream.point(pod);
      await until(() => tunnel.state.kind === 'ready');
      return pod;
    };
    /** Resolves with the first stream to a pod whose side takes it so long after it was opened. */
    const takenAfter = async (durationMs: number): Promise<ServedStream> => {
      const pod = new FakePod('a');
      pod.answers = false;
      const opened = new Promise<ServedStream>((resolve) => {
        pod.serve = resolve;
      });
      upstream.point(pod);
      const stream = await opened;
      await settle(clock);
      clock.advance(durationMs);
      stream.answer();
      return stream;
    };
    return { clock, upstream, tunnel, events, local, serving, takenAfter };
  };
}
