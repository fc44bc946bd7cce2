import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { AppError } from '../base/app-error.ts';
import type { Secret } from '../base/secret.ts';
import { serverEndPoint } from './scram.ts';

/** TLS for local programs that insist on it. */

/** PEM. */
export interface LocalCertificate {
  readonly chain: string;
  readonly key: Secret;
}

const alpn = 'postgresql';

export class LocalTls {
  /** For SCRAM-SHA-256-PLUS. */
  readonly binding: Buffer | undefined;
  readonly #context: SecureContext;

  constructor({ chain, key }: LocalCertificate) {
    this.#context = createSecureContext({ cert: chain, key: key.reveal(), minVersion: 'TLSv1.2' });
    this.binding = serverEndPoint(new X509Certificate(chain));
  }

  /**
   * The server's side of a handshake on `socket`; bytes that were put back into it are its first. Direct TLS must name its protocol, or a
   * page that a browser was made to open could talk to a database (ALPACA). Rejects with SP-DB-TLS where the handshake fails; the socket is then destroyed.
   */
  accept(socket: Socket, { direct }: { direct: boolean }): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const secured = new TLSSocket(socket, {
        isServer: true,
        secureContext: this.#context,
        ALPNProtocols: [alpn],
      });
      const failed = (error: Error) => {
        reject(new AppError('SP-DB-TLS', { message: error.message }, error));
        secured.destroy();
      };
      const closed = () => failed(new Error('the client ended the handshake'));
      secured.once('error', failed);
      secured.once('close', closed);
      secured.once('secure', () => {
        secured.off('close', closed);
        secured.off('error', failed);
        if (direct && secured.alpnProtocol !== alpn)
          return failed(new Error('direct TLS without its protocol'));
        secured.on('error', () => {});
        resolve(secured);
      });
    });
  }
}
