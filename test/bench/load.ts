import { connect, type Socket } from 'node:net';

/** Where a subject leads: for each port of the pod an address on this machine. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const ioTimeoutMs = 60_000;
const readBytes = 256 * 1024;

/** From connect() to the first byte, ms. Says `head` first where it is given, else waits for a server that speaks first. */
export function firstByteMs(address: Address, head?: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const socket = open(address, reject);
    if (head) socket.write(head);
    socket.once('data', () => {
      resolve(performance.now() - startedMs);
      socket.destroy();
    });
  });
}

/** Opens so many connections in one turn; ms until the last has its first byte. */
export async function burstMs(address: Address, count: number): Promise<number> {
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: count }, () => firstByteMs(address)));
  return performance.now() - startedMs;
}

/** Round trips of 4 bytes on one open connection, ms each. */
export function echoMs(address: Address, count: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const ping = Buffer.from('ping');
    const took: number[] = [];
    let startedMs = 0;
    const socket = open(address, reject);
    const next = () => {
      startedMs = performance.now();
      socket.write(ping);
    };
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (received < ping.length) return;
      received = 0;
      took.push(performance.now() - startedMs);
      if (took.length < count) return next();
      resolve(took);
      socket.destroy();
    });
    // One round trip uncounted: it opens the stream.
    socket.once('connect', () => {
      took.length = 0;
      next();
    });
  });
}

/** Reads so many bytes of an endless stream into one buffer; MiB/s from connect() on. */
export function downloadMibPerSecond(address: Address, sizeMib: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    let left = sizeMib * 1024 * 1024;
    const socket = connect({
      ...address,
      onread: {
        buffer: Buffer.allocUnsafe(readBytes),
        callback(count) {
          left -= count;
          if (left > 0) return true;
          resolve(sizeMib / ((performance.now() - startedMs) / 1000));
          socket.destroy();
          return false;
        },
      },
    });
    guard(socket, reject);
  });
}

/** Sends a length and so many bytes, and waits until the server has read them all; MiB/s from connect() on. */
export function uploadMibPerSecond(address: Address, sizeMib: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const block = Buffer.alloc(readBytes);
    const blocks = (sizeMib * 1024 * 1024) / block.length;
    const socket = open(address, reject);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(sizeMib) * 1024n * 1024n);
    socket.write(length);
    let sent = 0;
    const send = () => {
      while (sent < blocks) {
        sent++;
        if (!socket.write(block)) return;
      }
    };
    socket.on('drain', send);
    send();
    socket.once('data', () => {
      resolve(sizeMib / ((performance.now() - startedMs) / 1000));
      socket.destroy();
    });
  });
}

export interface Served {
  readonly latenciesMs: readonly number[];
  readonly errors: number;
}

/** Opens one connection after the other in so many lines for a time; what is still waiting at its end is neither served nor an error. */
export async function serveFor(
  address: Address,
  options: { lines: number; durationMs: number },
): Promise<Served> {
  const latenciesMs: number[] = [];
  let errors = 0;
  const over = new Promise<void>((resolve) => setTimeout(resolve, options.durationMs));
  let stopped = false;
  const line = async () => {
    while (!stopped) {
      try {
        const took = await firstByteMs(address);
        if (!stopped) latenciesMs.push(took);
      } catch {
        if (stopped) return;
        errors++;
        // A forwarder that has ended refuses in no time: leave the other lines a turn.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  };
  for (let index = 0; index < options.lines; index++) void line();
  await over;
  stopped = true;
  return { latenciesMs, errors };
}

function open(address: Address, reject: (error: Error) => void): Socket {
  const socket = connect({ ...address, noDelay: true });
  guard(socket, reject);
  return socket;
}

/** Rejecting after it was resolved changes nothing, so the guard may stay on. */
function guard(socket: Socket, reject: (error: Error) => void): void {
  socket.setTimeout(ioTimeoutMs, () => socket.destroy(new Error(`nothing came for ${ioTimeoutMs} ms`)));
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the connection ended early')));
}
