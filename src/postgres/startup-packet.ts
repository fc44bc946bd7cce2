/**
 * What a client may say before anything else. Trust boundary: every byte is of an unknown local program. Only lengths within the server's own
 * limits are waited for, and what cannot become a packet is refused at the first byte that shows it.
 * Source: PostgreSQL protocol, "Message Formats" and "Message Flow" (3.0, and 3.2 of PostgreSQL 18 with longer cancel keys).
 */

/** How a connection begins. `sizeBytes` are its bytes; what follows them belongs to the next packet. */
export type Opening =
  | { readonly kind: 'ssl-request'; readonly sizeBytes: number }
  | { readonly kind: 'gss-request'; readonly sizeBytes: number }
  /** A TLS ClientHello without a request before it (sslnegotiation=direct). Nothing is consumed. */
  | { readonly kind: 'direct-tls'; readonly sizeBytes: 0 }
  | {
      readonly kind: 'cancel';
      readonly sizeBytes: number;
      readonly processId: number;
      readonly key: Buffer;
    }
  | {
      readonly kind: 'startup';
      readonly sizeBytes: number;
      /** Of protocol 3. */
      readonly minor: number;
      /** In the client's order; of a name given twice the last value, as the server does. */
      readonly parameters: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'invalid'; readonly sqlstate: '08P01' | '0A000'; readonly why: string };

export const sslRequestCode = 80877103;
export const gssRequestCode = 80877104;
export const cancelRequestCode = 80877102;
/** The server's MAX_STARTUP_PACKET_LENGTH. */
const maxStartupBytes = 10_000;
const maxParameters = 256;
/** Of protocol 3.2; 3.0 has 4. */
const maxCancelKeyBytes = 256;
const minCancelKeyBytes = 4;
const tlsHandshakeRecord = 0x16;

/** Reads the packet at the start of `bytes`; undefined: more bytes are needed. */
export function readOpening(bytes: Buffer): Opening | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] === tlsHandshakeRecord) return { kind: 'direct-tls', sizeBytes: 0 };
  // No length within the limit has anything in its first two bytes.
  if (bytes[0] !== 0 || (bytes[1] ?? 0) !== 0) return violation('this is not the PostgreSQL protocol');
  if (bytes.length < 4) return undefined;
  const sizeBytes = bytes.readInt32BE(0);
  if (sizeBytes < 8 || sizeBytes > maxStartupBytes) return violation('invalid length of startup packet');
  if (bytes.length < 8) return undefined;
  const code = bytes.readInt32BE(4);
  switch (code) {
    case sslRequestCode:
    case gssRequestCode:
      if (sizeBytes !== 8) return violation('invalid length of an encryption request');
      return { kind: code === sslRequestCode ? 'ssl-request' : 'gss-request', sizeBytes };
    case cancelRequestCode: {
      const keyBytes = sizeBytes - 12;
      if (keyBytes < minCancelKeyBytes || keyBytes > maxCancelKeyBytes)
        return violation('invalid length of a cancel key');
      if (bytes.length < sizeBytes) return undefined;
      const key = Buffer.from(bytes.subarray(12, sizeBytes));
      return { kind: 'cancel', sizeBytes, processId: bytes.readInt32BE(8), key };
    }
  }
  const major = code >> 16;
  if (major !== 3)
    return {
      kind: 'invalid',
      sqlstate: '0A000',
      why: `unsupported frontend protocol ${major}.${code & 0xffff}: 3.0 to 3.2 are spoken here`,
    };
  if (bytes.length < sizeBytes) return undefined;
  return startup(bytes.subarray(8, sizeBytes), { sizeBytes, minor: code & 0xffff });
}

function startup(body: Buffer, { sizeBytes, minor }: { sizeBytes: number; minor: number }): Opening {
  // The last byte ends the list, the one before it the last string.
  if (body.length < 1 || body.at(-1) !== 0) return violation('the startup packet has no terminator');
  const parameters = new Map<string, string>();
  let at = 0;
  while (at < body.length - 1) {
    const nameEnd = body.indexOf(0, at);
    const valueEnd = body.indexOf(0, nameEnd + 1);
    if (nameEnd === at || valueEnd < 0 || valueEnd >= body.length - 1)
      return violation('the startup packet has a name without a value');
    const name = utf8(body.subarray(at, nameEnd));
    const value = utf8(body.subarray(nameEnd + 1, valueEnd));
    if (name === undefined || value === undefined) return violation('the startup packet is not UTF-8');
    parameters.set(name, value);
    if (parameters.size > maxParameters) return violation('the startup packet has too many parameters');
    at = valueEnd + 1;
  }
  return { kind: 'startup', sizeBytes, minor, parameters };
}

function violation(why: string): Opening {
  return { kind: 'invalid', sqlstate: '08P01', why };
}

/** Undefined where it is not UTF-8: a name that is guessed might be another role's. */
function utf8(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}
