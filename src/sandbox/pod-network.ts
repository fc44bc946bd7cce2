import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Where a pod's ports are found on this machine. */
export interface PodNetwork {
  readonly address: string;
  /** The port on `address` that stands for a port of the pod. */
  portFor(containerPort: number): number;
}

/**
 * Gives each pod a loopback address of its own, so that pods can listen on equal ports. macOS answers on 127.0.0.1 alone: there
 * pods share it and each declared port is mapped to a free one.
 */
export class PodNetworks {
  /** 127.64.0.0 to 127.127.255.0 in blocks of 256, drawn at random: sandboxes side by side meet with a chance of 1 in 16,384. */
  readonly #block = `127.${randomInt(64, 128)}.${randomInt(0, 256)}`;
  #next = 1;

  async assign(containerPorts: readonly number[]): Promise<PodNetwork> {
    if (process.platform === 'darwin') return shared(containerPorts);
    const address = `${this.#block}.${this.#next}`;
    this.#next = (this.#next % 254) + 1;
    return { address, portFor: (port) => port };
  }
}

async function shared(containerPorts: readonly number[]): Promise<PodNetwork> {
  const mapped = new Map<number, number>();
  for (const port of containerPorts) mapped.set(port, await freePort());
  // A port that is not declared stays as it is: nothing of the pod listens there.
  return { address: '127.0.0.1', portFor: (port) => mapped.get(port) ?? port };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** A connection to a port of the pod. Rejects with the system's error. */
export function dialPod(network: PodNetwork, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: network.address,
      port: network.portFor(port),
      allowHalfOpen: true,
      noDelay: true,
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
