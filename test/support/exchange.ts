import { connect } from 'node:net';

/** SSLRequest of the PostgreSQL protocol: length 8, code 80877103. */
export const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** Connects, sends, and waits for so many bytes. Rejects when the connection ends before. */
export function exchange(port: number, request: Uint8Array, answerBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let receivedBytes = 0;
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.write(request);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      receivedBytes += chunk.length;
      if (receivedBytes < answerBytes) return;
      resolve(Buffer.concat(chunks));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`it ended after ${receivedBytes} of ${answerBytes} bytes`)));
  });
}
