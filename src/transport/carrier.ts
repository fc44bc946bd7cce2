import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { lendReads } from '../kube/lent-reads.ts';

/**
 * What carries the SPDY bytes of one session: an upgraded socket, or a WebSocket whose binary messages are slices of the same bytes.
 */
export interface Carrier {
  readonly kind: 'spdy' | 'websocket';
  /** Sends all parts at once. False asks to wait for onDrain. After close it does nothing. */
  send(parts: readonly Buffer[]): boolean;
  /** Stops and starts delivery; what was already read is still delivered. */
  pause(): void;
  resume(): void;
  /** Closes at once, both ways. onClose follows. */
  destroy(): void;
  /** Must be called once, before anything is delivered. */
  attach(receiver: CarrierReceiver): void;
}

export interface CarrierReceiver {
  /** The bytes are lent: they may be others once this returns. */
  onBytes(chunk: Buffer): void;
  onDrain(): void;
  /** Called once. `error` where one was seen. */
  onClose(error: Error | undefined): void;
}

/** The raw carrier: the socket of an HTTP/1.1 upgrade. `head` came with the 101. */
export function socketCarrier(socket: Duplex, head: Buffer): Carrier {
  return {
    kind: 'spdy',
    send(parts) {
      if (socket.destroyed) return true;
      if (parts.length === 1) return socket.write(parts[0]);
      socket.cork();
      let free = true;
      for (const part of parts) free = socket.write(part);
      socket.uncork();
      return free;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy: () => socket.destroy(),
    attach(receiver) {
      let failure: Error | undefined;
      socket.on('error', (error) => {
        failure = error;
      });
      socket.on('close', () => receiver.onClose(failure));
      // The API server has no half-close to offer on this socket: its end is the session's end.
      socket.on('end', () => socket.destroy());
      socket.on('drain', () => receiver.onDrain());
      if (head.length > 0) receiver.onBytes(head);
      lendReads(socket, (bytes) => receiver.onBytes(bytes));
    },
  };
}

/** Bytes waiting in the socket above which a WebSocket carrier asks to wait. `ws` itself has no such mark. */
const webSocketHighWaterBytes = 256 * 1024;

/** The tunnel carrier of KEP-4006, subprotocol SPDY/3.1+portforward.k8s.io. */
export function webSocketCarrier(webSocket: WebSocket): Carrier {
  let onDrain = () => {};
  let asked = false;
  const sent = () => {
    if (asked && webSocket.bufferedAmount < webSocketHighWaterBytes) {
      asked = false;
      onDrain();
    }
  };
  return {
    kind: 'websocket',
    send(parts) {
      if (webSocket.readyState !== webSocket.OPEN) return true;
      webSocket.send(parts.length === 1 ? parts[0]! : Buffer.concat(parts), sent);
      if (webSocket.bufferedAmount >= webSocketHighWaterBytes) asked = true;
      return !asked;
    },
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
    destroy: () => webSocket.terminate(),
    attach(receiver) {
      let failure: Error | undefined;
      onDrain = receiver.onDrain;
      webSocket.on('error', (error) => {
        failure = error;
      });
      webSocket.on('close', () => receiver.onClose(failure));
      webSocket.on('message', (message: Buffer) => receiver.onBytes(message));
    },
  };
}
