import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { AppError } from '../base/app-error.ts';
import type { Secret } from '../base/secret.ts';
import { sslRequest } from './message.ts';
import { serverEndPoint } from './scram.ts';
import { Wire } from './wire.ts';

/**
 * TLS with the database, inside the tunnel's stream. Trust boundary: whoever sits in the pod's place is the server until its certificate was
 * verified. Verified or not is passed on, since a password may leave in the clear only where it was.
 */

/** As libpq's sslmode and sslnegotiation. */
export type UpstreamTls =
  | { readonly mode: 'disable' }
  | {
      readonly mode: 'prefer' | 'require' | 'verify-ca' | 'verify-full';
      /** direct: no SSLRequest, one round trip less; PostgreSQL 17 and later. Default postgres. */
      readonly negotiation?: 'postgres' | 'direct';
      /** PEM. As with libpq, `require` with a CA verifies the chain. */
      readonly ca?: string;
      /** What the certificate must be for, as the Service's name; never localhost, where the tunnel ends. */
      readonly name?: string;
      readonly certificate?: ClientCertificate;
    };

/** PEM; logs in with `cert` in pg_hba.conf. */
export interface ClientCertificate {
  readonly chain: string;
  readonly key: Secret;
}

export interface SecuredStream {
  readonly stream: Duplex;
  /** Read ahead of it. */
  readonly ahead: Buffer;
  readonly encrypted: boolean;
  /** By a certificate that leads to the given CA. */
  readonly verified: boolean;
  /** For SCRAM-SHA-256-PLUS. */
  readonly binding: Buffer | undefined;
}

const alpn = 'postgresql';

/** What goes out with the opening of a stream, so that it costs no round trip: `first` itself where nothing comes before it. */
export function openingBytes(tls: UpstreamTls, first: Buffer): readonly Buffer[] {
  if (tls.mode === 'disable') return [first];
  return tls.negotiation === 'direct' ? [] : [sslRequest];
}

/**
 * Makes the stream, on which `openingBytes` were sent, what `tls` asks for, and sends `first` where they did not. Rejects with SP-DB-TLS, or
 * with the stream's own AppError.
 */
export async function secureStream(stream: Duplex, tls: UpstreamTls, first: Buffer): Promise<SecuredStream> {
  const secured = await secure(stream, tls);
  if (tls.mode !== 'disable') secured.stream.write(first);
  return secured;
}

async function secure(stream: Duplex, tls: UpstreamTls): Promise<SecuredStream> {
  const plain = { stream, ahead: Buffer.alloc(0), encrypted: false, verified: false, binding: undefined };
  if (tls.mode === 'disable') return plain;
  if (tls.mode === 'verify-full' && !tls.name)
    throw new AppError('SP-DB-TLS', { message: 'verify-full needs the name to verify' });
  // A chain to any public authority, for any name, proves nothing.
  if (tls.mode === 'verify-ca' && !tls.ca)
    throw new AppError('SP-DB-TLS', { message: 'verify-ca needs the CA' });
  if (tls.negotiation !== 'direct') {
    const wire = new Wire(stream);
    const answer = String.fromCharCode(await wire.readByte());
    const isAlone = !wire.hasMore;
    wire.release();
    if (answer === 'N' && tls.mode === 'prefer') return plain;
    if (answer === 'N') throw new AppError('SP-DB-TLS', { message: 'the server has none' });
    if (answer !== 'S') throw new AppError('SP-DB-PROTOCOL', { message: 'it answers no SSLRequest' });
    // Sent in the clear by somebody in between, to be taken for a part of what is encrypted (CVE-2021-23222).
    if (!isAlone) throw new AppError('SP-DB-TLS', { message: 'the server sent bytes before the handshake' });
  }
  const options = clientOptions(tls);
  const secured = await handshake(stream, options);
  const raw = secured.getPeerX509Certificate()?.raw;
  return {
    stream: secured,
    ahead: Buffer.alloc(0),
    encrypted: true,
    verified: options.rejectUnauthorized === true && secured.authorized,
    binding: raw && serverEndPoint(new X509Certificate(raw)),
  };
}

function clientOptions(tls: Exclude<UpstreamTls, { mode: 'disable' }>): ConnectionOptions {
  const { mode, ca, name, certificate, negotiation } = tls;
  const verifies = mode === 'verify-ca' || mode === 'verify-full' || (mode === 'require' && ca !== undefined);
  return {
    ...(ca !== undefined && { ca }),
    ...(certificate && { cert: certificate.chain, key: certificate.key.reveal() }),
    ...(negotiation === 'direct' && { ALPNProtocols: [alpn] }),
    // A name in the handshake must be a DNS name (RFC 6066).
    ...(name !== undefined && isIP(name) === 0 && { servername: name }),
    host: name ?? '',
    rejectUnauthorized: verifies,
    minVersion: 'TLSv1.2',
    // Node checks the name that it was given; the other modes accept any.
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  };
}

function handshake(stream: Duplex, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secured = connect({ ...options, socket: stream });
    const failed = (error: Error) => {
      reject(stream.errored ? AppError.from(stream.errored) : tlsError(error));
      secured.destroy();
    };
    const closed = () => failed(new Error('the server ended the handshake'));
    secured.once('error', failed);
    secured.once('close', closed);
    secured.once('secureConnect', () => {
      secured.off('close', closed);
      secured.off('error', failed);
      if (options.ALPNProtocols && secured.alpnProtocol !== alpn)
        return failed(new Error('the server does not know direct TLS (PostgreSQL 17 and later do)'));
      secured.on('error', () => {});
      resolve(secured);
    });
  });
}

function tlsError(error: Error): AppError {
  return new AppError('SP-DB-TLS', { message: error.message }, error);
}
