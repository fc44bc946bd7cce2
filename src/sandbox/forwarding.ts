import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { SpdyStream } from './spdy-stream.ts';

/** What forwarding needs of the pod's sandbox; the kubelet has it. */
export interface ForwardTarget {
  /** The runtime's id of the sandbox, 64 hex digits. */
  readonly sandboxId: string;
  readonly clock: Clock;
  /** A connection to a port on the pod's localhost. Rejects with the runtime's text. */
  dial(port: number): Promise<Socket>;
  /** Resolves at once unless a fault holds this direction. */
  gate(direction: 'toPod' | 'fromPod'): Promise<void> | undefined;
}

/** containerd closes both directions this long after the first one ended. */
const lateCloseMs = 1_000;

export interface StreamPair {
  readonly data: SpdyStream;
  readonly error: SpdyStream;
  readonly port: number;
}

/**
 * One forwarded connection as containerd and the kubelet's streaming server do it: dial, copy both ways, close both a second after
 * one direction ended; FIN on both streams after success, text on the error stream and RST after failure. Never rejects.
 */
export async function forward({ data, error, port }: StreamPair, target: ForwardTarget): Promise<void> {
  try {
    await copyBoth(data, port, target);
    await data.end();
    await error.end();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const prefix = `error forwarding port ${port} to pod ${target.sandboxId}, uid : `;
    // The data stream is closed by the runtime before the streaming server hears of the error.
    await data.end().catch(() => {});
    await error.write(Buffer.from(prefix + text)).catch(() => {});
    await data.reset().catch(() => {});
    await error.reset().catch(() => {});
  } finally {
    // Whoever still brings data for this stream is let go.
    data.endRemote();
    error.endRemote();
  }
}

async function copyBoth(data: SpdyStream, port: number, target: ForwardTarget): Promise<void> {
  const socket = await target.dial(port);
  socket.on('error', () => {});
  const copies = [copyToPod(data, socket, target), copyFromPod(data, socket, target)];
  let timer: { cancel(): void } | undefined;
  try {
    const first = await Promise.race(copies.map(failureOf));
    const late = new Promise<undefined>((resolve) => {
      timer = target.clock.after(lateCloseMs, () => resolve(undefined));
    });
    const both = Promise.all(copies.map(failureOf)).then((failures) => failures.find(Boolean));
    const failure = (await Promise.race([both, late])) ?? first;
    if (failure) throw inNamespace(target.sandboxId, failure);
  } finally {
    timer?.cancel();
    socket.destroy();
    // Ends a copy that waits for the client; one that waits for the pod ended with the socket.
    data.endRemote();
  }
}

const failureOf = (copy: Promise<void>) =>
  copy.then(
    () => undefined,
    (error: Error) => error,
  );

async function copyToPod(data: SpdyStream, socket: Socket, target: ForwardTarget): Promise<void> {
  for (;;) {
    await target.gate('toPod');
    const bytes = await data.read();
    if (!bytes) return;
    if (socket.destroyed) throw brokenPipe(socket);
    if (!socket.write(bytes)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
  }
}

/** As io.Copy: at most 32 KiB a frame. */
const copyBufferBytes = 32 << 10;

async function copyFromPod(data: SpdyStream, socket: Socket, target: ForwardTarget): Promise<void> {
  try {
    // The pod's end of input must leave our direction open, which plain iteration would not.
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      for (let offset = 0; offset < chunk.length; offset += copyBufferBytes) {
        await target.gate('fromPod');
        await data.write(chunk.subarray(offset, offset + copyBufferBytes));
      }
    }
  } catch (error) {
    throw wireError(error);
  }
}

const brokenPipe = (socket: Socket) => new Error(`write tcp4 ${endsOf(socket)}: write: broken pipe`);

const endsOf = (socket: Socket) => `127.0.0.1:${socket.localPort ?? 0}->127.0.0.1:${socket.remotePort ?? 0}`;

function wireError(error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET') return new Error('read tcp4 127.0.0.1: read: connection reset by peer');
  if (code === 'EPIPE') return new Error('write tcp4 127.0.0.1: write: broken pipe');
  return new Error(message);
}

const inNamespace = (sandboxId: string, { message }: Error) =>
  new Error(`failed to execute portforward in network namespace "${namespaceOf(sandboxId)}": ${message}`);

/** The path of a sandbox's network namespace, as texts name it. */
export const namespaceOf = (sandboxId: string) => `/var/run/netns/cni-${sandboxId.slice(0, 8)}`;

/** containerd's text for a port that nothing listens on. */
export function refusedText(sandboxId: string, port: number): string {
  const namespace = namespaceOf(sandboxId);
  return (
    `failed to execute portforward in network namespace "${namespace}": failed to connect to localhost:${port} inside ` +
    `namespace "${sandboxId}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused ` +
    `IPv6 dial tcp6 [::1]:${port}: connect: connection refused `
  );
}
