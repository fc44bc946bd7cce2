import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import type { Clock } from '../base/clock.ts';
import { refusedText } from './forwarding.ts';
import type { Kubelet } from './kubelet.ts';
import type { ObjectStore } from './object-store.ts';
import type { Carrier, PlainAnswer } from './plain-answer.ts';
import { dialPod } from './pod-network.ts';
import type { PodRunner } from './pod-runner.ts';
import { PortForwardSession, type PortForwardSessionOptions } from './port-forward-session.ts';
import type { SessionFaults } from './session-faults.ts';
import { badRequest, notFound } from './status-error.ts';

export interface PortForwardOptions {
  readonly store: ObjectStore;
  readonly kubelet: Kubelet;
  readonly clock: Clock;
  readonly faults: SessionFaults;
}

export interface PortForwardUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly namespace: string;
  readonly name: string;
}

const subprotocol = 'SPDY/3.1+portforward.k8s.io';
const spdyProtocol = 'portforward.k8s.io';
/** The API server's tunnel reads and writes messages up to this. */
const messageLimitBytes = 32 << 10;
const receiveLimitBytes = 1 << 20;

/** Which carrier an upgrade asks for. */
export const carrierOf = ({ headers }: IncomingMessage): Carrier =>
  headers.upgrade?.toLowerCase() === 'websocket' ? 'webSocket' : 'spdy';

/** The port-forward endpoint of every pod, over both carriers. */
export class PortForward implements AsyncDisposable {
  readonly #options: PortForwardOptions;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: receiveLimitBytes,
  });
  readonly #carriers = new Set<Duplex>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: PortForwardOptions) {
    this.#options = options;
    this.#webSockets.on('headers', (lines) => lines.push(`Sec-WebSocket-Protocol: ${subprotocol}`));
  }

  /**
   * Answers an upgrade that is authorized. Returns the text to answer where the node refuses; throws StatusErrors where the API
   * server does; undefined once the socket has been taken over.
   */
  upgrade(upgrade: PortForwardUpgrade): PlainAnswer | undefined {
    const { store, kubelet, faults } = this.#options;
    const { request, namespace, name } = upgrade;
    const pod = store.get('pods', namespace, name);
    if (!pod) throw notFound('pods', name);
    if (pod.spec.nodeName === undefined) throw badRequest(`pod ${name} does not have a host assigned`);
    const refusal = faults.refusal(carrierOf(request)) ?? faults.lostAnswer(pod.metadata.uid);
    if (refusal) return refusal;
    const runner = kubelet.find(namespace, name);
    if (!runner) return { httpCode: 404, text: 'pod does not exist' };
    return carrierOf(request) === 'spdy' ? this.#spdy(upgrade, runner) : this.#webSocket(upgrade, runner);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const carrier of this.#carriers) carrier.destroy();
    for (const client of this.#webSockets.clients) client.terminate();
    this.#webSockets.close();
    await Promise.all(this.#running);
  }

  #spdy(upgrade: PortForwardUpgrade, runner: PodRunner): PlainAnswer | undefined {
    const { request, socket, head } = upgrade;
    if (request.headers.upgrade?.toLowerCase() !== 'spdy/3.1') throw badRequest('Upgrade request required');
    const offered = request.headers['x-stream-protocol-version'];
    if (offered !== undefined && ![offered].flat().join(',').includes(spdyProtocol)) {
      return {
        httpCode: 403,
        text: `unable to upgrade: unable to negotiate protocol: client supports [${offered}]`,
      };
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
        `${offered === undefined ? '' : `X-Stream-Protocol-Version: ${spdyProtocol}\r\n`}\r\n`,
    );
    if (head.length > 0) socket.unshift(head);
    this.#serve(upgrade, runner, { carrier: socket });
    return undefined;
  }

  #webSocket(upgrade: PortForwardUpgrade, runner: PodRunner): PlainAnswer | undefined {
    const { request, socket, head } = upgrade;
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
    if (!offered.includes(subprotocol)) {
      return { httpCode: 400, text: 'query parameter "port" is required' };
    }
    // ws refuses names with a slash: the subprotocol is chosen here, and it only hears of an upgrade without one.
    delete request.headers['sec-websocket-protocol'];
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#serve(upgrade, runner, {
        carrier: createWebSocketStream(webSocket, { allowHalfOpen: true }),
        maxWriteBytes: messageLimitBytes,
        // The tunnel's end of input.
        endCarrier: () => webSocket.close(1000),
      });
    });
    return undefined;
  }

  #serve(
    upgrade: PortForwardUpgrade,
    runner: PodRunner,
    carriage: Pick<PortForwardSessionOptions, 'carrier' | 'maxWriteBytes' | 'endCarrier'>,
  ): void {
    const { clock, faults } = this.#options;
    const { carrier } = carriage;
    const pod = `${upgrade.namespace}/${upgrade.name}`;
    const session = new PortForwardSession({
      ...carriage,
      clock,
      target: {
        sandboxId: runner.sandboxId,
        clock,
        dial: (port) => this.#dial(runner, port),
        gate: (direction) => faults.gate(pod, direction),
      },
    });
    this.#carriers.add(carrier);
    const registered = faults.register({ pod, session, remotePort: upgrade.socket.remotePort ?? 0 });
    const running = session.serve().finally(() => {
      this.#carriers.delete(carrier);
      this.#running.delete(running);
      registered();
    });
    this.#running.add(running);
  }

  async #dial(runner: PodRunner, port: number): Promise<Socket> {
    const { faults } = this.#options;
    const id = runner.sandboxId;
    if (faults.lostAnswer(runner.uid)) throw new Error(`failed to find sandbox "${id}" in store: not found`);
    if (runner.ended) throw new Error(`network namespace for sandbox "${id}" is closed`);
    try {
      return faults.track(runner.uid, await dialPod(runner.network, port));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new Error(code === 'ECONNREFUSED' ? refusedText(id, port) : message);
    }
  }
}
