import { connect } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Pod } from './kube-object.ts';
import type { PodNetwork } from './pod-network.ts';

const probeTimeoutMs = 1_000;

export interface ReadinessProbe {
  readonly network: PodNetwork;
  readonly port: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Whether something accepts connections on the port of the pod; false after a second, or when aborted. */
export function accepts({ network, port, clock, signal }: ReadinessProbe): Promise<boolean> {
  const socket = connect({ host: network.address, port: network.portFor(port) });
  return new Promise((resolve) => {
    const answer = (open: boolean) => {
      socket.destroy();
      timer.cancel();
      signal.removeEventListener('abort', giveUp);
      resolve(open);
    };
    const giveUp = () => answer(false);
    const timer = clock.after(probeTimeoutMs, giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    socket.once('connect', () => answer(true));
    socket.on('error', giveUp);
  });
}

/** The port that decides: the readiness probe's, else the first that is declared; undefined where there is none. */
export function readinessPort({ spec }: Pod): number | undefined {
  for (const { readinessProbe, ports = [] } of spec.containers) {
    const port = readinessProbe?.tcpSocket?.port ?? ports[0]?.containerPort;
    if (typeof port === 'number') return port;
    if (port !== undefined) return ports.find(({ name }) => name === port)?.containerPort;
  }
  return undefined;
}
