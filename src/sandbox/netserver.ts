import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { resetSocket } from '../base/reset-socket.ts';
import type { ContainerProcess, ContainerStart, ExitStatus } from './container.ts';

/**
 * A small TCP test server. A port's name says what it does:
 *
 *   echo      sends back what it gets
 *   discard   reads and drops
 *   chargen   sends zeros as fast as they are taken, for ever
 *   identity  sends "<pod name> <pod uid>\n" and closes
 *   slow-eof  reads to the end of input, waits 3 s, sends the byte count, closes
 *   banner    sends a line at once, then echoes
 *   reset     sends 64 KiB, then resets the connection
 *   sink      reads an 8-byte big-endian length and that many bytes, sends "ok\n", repeats
 *   mute      accepts and never reads or writes
 *
 * It lives in this process, and can be killed like one: listeners and connections go at once, as the kernel closes those of a process.
 */
export async function startNetserver(start: ContainerStart): Promise<ContainerProcess> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const exited = Promise.withResolvers<ExitStatus>();
  const end = (status: ExitStatus) => {
    const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
    for (const socket of sockets) socket.destroy();
    void Promise.all(closed).then(() => exited.resolve(status));
  };
  try {
    for (const { name = 'echo', containerPort } of start.container.ports ?? []) {
      const behaviour = behaviours[name] ?? behaviours.echo!;
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => {});
        behaviour(socket, start);
      });
      servers.push(server);
      server.listen(start.network.portFor(containerPort), start.network.address);
      await once(server, 'listening');
    }
  } catch (error) {
    end({ exitCode: 1 });
    throw error;
  }
  return {
    exited: exited.promise,
    stop: () => end({ exitCode: 0 }),
    kill: () => end({ exitCode: 137, signal: 9 }),
  };
}

type Behaviour = (socket: Socket, start: ContainerStart) => void;

const slowEofMs = 3_000;
const resetAfterMs = 50;

const behaviours: Readonly<Record<string, Behaviour>> = {
  echo: (socket) => void socket.pipe(socket),
  discard: (socket) => {
    socket.resume();
    socket.on('end', () => socket.end());
  },
  chargen: (socket) => {
    const zeros = Buffer.alloc(256 << 10);
    const more = () => {
      while (socket.writable && socket.write(zeros));
    };
    socket.on('drain', more);
    socket.resume();
    more();
  },
  identity: (socket, { pod }) => {
    socket.resume();
    socket.end(`${pod.metadata.name} ${pod.metadata.uid}\n`);
  },
  'slow-eof': (socket, { clock }) => {
    let countBytes = 0;
    socket.on('data', (chunk) => {
      countBytes += chunk.length;
    });
    socket.on('end', () => afterwards(socket, clock, slowEofMs, () => socket.end(`${countBytes}\n`)));
  },
  banner: (socket, { pod }) => {
    socket.write(`hello from ${pod.metadata.name}\n`);
    socket.pipe(socket);
  },
  reset: (socket, { clock }) => {
    socket.resume();
    socket.write(Buffer.alloc(64 << 10));
    afterwards(socket, clock, resetAfterMs, () => resetSocket(socket));
  },
  sink: (socket) => {
    const head = Buffer.alloc(8);
    let headBytes = 0;
    let leftBytes = 0n;
    socket.on('data', (chunk) => {
      for (let offset = 0; offset < chunk.length; ) {
        if (headBytes < 8) {
          const taken = chunk.copy(head, headBytes, offset, offset + 8 - headBytes);
          headBytes += taken;
          offset += taken;
          if (headBytes < 8) return;
          leftBytes = head.readBigUInt64BE();
        }
        const available = BigInt(chunk.length - offset);
        const taken = leftBytes < available ? leftBytes : available;
        leftBytes -= taken;
        offset += Number(taken);
        if (leftBytes > 0n) return;
        socket.write('ok\n');
        headBytes = 0;
      }
    });
    socket.on('end', () => socket.end());
  },
  mute: (socket) => void socket.pause(),
};

function afterwards(socket: Socket, clock: Clock, delayMs: number, callback: () => void): void {
  const timer = clock.after(delayMs, callback);
  socket.on('close', () => timer.cancel());
}
