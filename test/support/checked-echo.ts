import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';

/** Random bytes from which every stream takes its own part; made once, because making them costs more than sending them. */
const pool = randomBytes(4 * 1024 * 1024);
const blockBytes = 8 * 1024;
/** How far a stream sends ahead of what came back. */
const windowBytes = 4 * blockBytes;

export interface EchoResult {
  /** whole: all came back. cut: the stream ended before that, and what came back is the beginning of what was sent. */
  readonly outcome: 'whole' | 'cut';
  readonly receivedBytes: number;
}

/**
 * Sends `sizeBytes` of random bytes to an echoing port and checks what comes back: each byte against the one sent, the whole by
 * its hash. Rejects only where bytes differ or are more than were sent: a stream that a fault cut is cut, not wrong.
 */
export function checkedEcho(port: number, sizeBytes: number, host = '127.0.0.1'): Promise<EchoResult> {
  return new Promise((resolve, reject) => {
    const start = Math.floor(Math.random() * (pool.length - sizeBytes));
    const wanted = pool.subarray(start, start + sizeBytes);
    const hash = createHash('sha256');
    let sent = 0;
    let received = 0;
    const socket = connect({ host, port, noDelay: true });
    const send = () => {
      while (sent < sizeBytes && sent - received < windowBytes) {
        const end = Math.min(sizeBytes, sent + blockBytes);
        socket.write(wanted.subarray(sent, end));
        sent = end;
      }
    };
    const wrong = (message: string) => {
      socket.destroy();
      reject(new Error(`${message} (after ${received} of ${sizeBytes} bytes)`));
    };
    socket.on('connect', send);
    socket.on('data', (chunk) => {
      if (received + chunk.length > sent)
        return wrong(`${received + chunk.length - sent} bytes more than were sent came back`);
      if (!chunk.equals(wanted.subarray(received, received + chunk.length)))
        return wrong('other bytes than were sent came back');
      hash.update(chunk);
      received += chunk.length;
      if (received < sizeBytes) return send();
      if (hash.digest('hex') !== createHash('sha256').update(wanted).digest('hex'))
        return wrong('the hash differs');
      socket.destroy();
      resolve({ outcome: 'whole', receivedBytes: received });
    });
    // A cut shows as an end, or as a reset; either way 'close' is last, and after 'whole' it changes nothing.
    socket.on('error', () => {});
    socket.on('close', () => resolve({ outcome: 'cut', receivedBytes: received }));
  });
}
