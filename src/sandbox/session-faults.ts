import type { Socket } from 'node:net';
import type { Network } from './network.ts';
import type { Carrier, PlainAnswer } from './plain-answer.ts';
import type { PortForwardSession } from './port-forward-session.ts';

/** How something on the way refuses an upgrade. */
export const refusals = {
  /** A proxy has stripped the Upgrade header. */
  upgradeRequired: { httpCode: 400, text: 'Upgrade request required' },
  /** A proxy's 403: no Status object in it. */
  proxyForbidden: { httpCode: 403, text: '<html><body><h1>403 Forbidden</h1></body></html>' },
  /** An API server of 1.30 or before, asked for the tunnel. */
  portRequired: { httpCode: 400, text: 'query parameter "port" is required' },
  badGateway: {
    httpCode: 502,
    text: 'error dialing backend: dial tcp 127.0.0.1:10250: connect: connection refused',
  },
} as const satisfies Record<string, PlainAnswer>;

/** How a pod is lost: the node knows the pod but its sandbox is gone, or the node does not know the pod any more. */
export type Loss = 'sandbox' | 'pod';

interface OpenSession {
  /** namespace/name */
  readonly pod: string;
  readonly session: PortForwardSession;
  readonly remotePort: number;
}

export type Direction = 'toPod' | 'fromPod';

/** Faults of port-forward sessions and their connections. `pod` is NAMESPACE/NAME; without it every session is meant. */
export class SessionFaults {
  readonly #sessions = new Set<OpenSession>();
  readonly #stalls = new Map<string, PromiseWithResolvers<void>>();
  readonly #refused = new Map<Carrier, PlainAnswer>();
  readonly #lost = new Map<string, Loss>();
  /** Open connections into pods, by UID. */
  readonly #sockets = new Map<string, Set<Socket>>();
  #network: Network | undefined;

  useNetwork(network: Network): void {
    this.#network = network;
  }

  /** Open sessions. */
  count(pod?: string): number {
    return this.#select(pod).length;
  }

  /** Open forwarded connections. */
  connections(pod?: string): number {
    return this.#select(pod).reduce((sum, { session }) => sum + session.connections, 0);
  }

  /** Nothing is copied in this direction, for old and new connections, until `resume`. */
  stall(pod: string, direction: Direction): void {
    const key = `${pod} ${direction}`;
    if (!this.#stalls.has(key)) this.#stalls.set(key, Promise.withResolvers());
  }

  /** Ends every stall of the pod, or of all. */
  resume(pod?: string): void {
    for (const [key, stall] of this.#stalls) {
      if (pod !== undefined && !key.startsWith(`${pod} `)) continue;
      this.#stalls.delete(key);
      stall.resolve();
    }
  }

  /** TCP reset of the sessions' transport. */
  reset(pod?: string): void {
    for (const { remotePort } of this.#select(pod)) this.#network?.reset(remotePort);
  }

  /** The client reads the end of the transport while the server goes on reading. */
  halfClose(pod?: string): void {
    for (const { remotePort } of this.#select(pod)) this.#network?.halfClose(remotePort);
  }

  /** Sends bytes that are no frame of SPDY/3: by default a control frame of version 9. */
  async sendMalformed(
    pod?: string,
    bytes: Uint8Array = Buffer.from('8009000100000000', 'hex'),
  ): Promise<void> {
    // A session that is ending takes none.
    await Promise.all(this.#select(pod).map(({ session }) => session.sendRaw(bytes).catch(() => {})));
  }

  /** Upgrades by this carrier are answered so, until `allowUpgrades`. */
  refuseUpgrades(carrier: Carrier, answer: PlainAnswer = refusals.upgradeRequired): void {
    this.#refused.set(carrier, answer);
  }

  allowUpgrades(): void {
    this.#refused.clear();
  }

  /** Loses the pod with this UID: its connections end, its sessions stay and report it, new sessions are refused. */
  lose(uid: string, loss: Loss): void {
    this.#lost.set(uid, loss);
    for (const socket of this.#sockets.get(uid) ?? []) socket.destroy();
  }

  // What follows is for the endpoint.

  refusal(carrier: Carrier): PlainAnswer | undefined {
    return this.#refused.get(carrier);
  }

  lostAnswer(uid: string): PlainAnswer | undefined {
    switch (this.#lost.get(uid)) {
      case 'sandbox':
        return { httpCode: 500, text: `failed to find sandboxID for pod "${uid}"` };
      case 'pod':
        return { httpCode: 404, text: 'pod does not exist' };
      case undefined:
        return undefined;
    }
  }

  gate(pod: string, direction: Direction): Promise<void> | undefined {
    return this.#stalls.get(`${pod} ${direction}`)?.promise;
  }

  /** Adds a session; the returned function removes it. */
  register(session: OpenSession): () => void {
    this.#sessions.add(session);
    return () => this.#sessions.delete(session);
  }

  track(uid: string, socket: Socket): Socket {
    const sockets = this.#sockets.get(uid) ?? new Set();
    this.#sockets.set(uid, sockets.add(socket));
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0 && this.#sockets.get(uid) === sockets) this.#sockets.delete(uid);
    });
    return socket;
  }

  #select(pod: string | undefined): OpenSession[] {
    return [...this.#sessions].filter((each) => pod === undefined || each.pod === pod);
  }
}
