// The test server of every pod that is not a database. PORTS says what it serves, as "echo=7007,banner=7012":
//   echo      sends back what it gets
//   discard   reads and drops
//   chargen   sends zeros as fast as they are taken, for ever
//   identity  sends "<pod name> <pod uid>\n" and closes
//   banner    sends "hello from <pod name>\n" at once, then echoes
//   reset     sends 64 KiB, then resets the connection
//   slow-eof  reads to the end of its input, waits 3 s, sends the byte count, closes
//   mute      accepts, never reads and never writes
// It runs as `node -e` inside the pod, so that it needs no image of its own and no volume, and runs on any cluster.
import { createServer } from 'node:net';

const { PORTS = '', POD_NAME = '', POD_UID = '', POD_IP } = process.env;
const zeros = Buffer.alloc(256 * 1024);

const behaviours = {
  echo: (socket) => socket.pipe(socket),
  discard: (socket) => socket.resume(),
  chargen(socket) {
    const send = () => {
      while (socket.writable && socket.write(zeros));
    };
    socket.on('drain', send).resume();
    send();
  },
  identity: (socket) => socket.end(`${POD_NAME} ${POD_UID}\n`),
  banner(socket) {
    socket.write(`hello from ${POD_NAME}\n`);
    socket.pipe(socket);
  },
  reset(socket) {
    socket.write(zeros.subarray(0, 64 * 1024), () => setTimeout(() => socket.resetAndDestroy(), 50));
  },
  'slow-eof'(socket) {
    let count = 0;
    socket.on('data', (chunk) => {
      count += chunk.length;
    });
    socket.on('end', () => setTimeout(() => socket.end(`${count}\n`), 3000));
  },
  mute: (socket) => socket.pause(),
};

for (const entry of PORTS.split(',')) {
  const [kind, port] = entry.split('=');
  const server = createServer({ allowHalfOpen: kind === 'slow-eof', noDelay: true }, (socket) => {
    socket.on('error', () => {});
    behaviours[kind](socket);
  });
  server.listen(Number(port), POD_IP);
}
process.on('SIGTERM', () => process.exit(0));
