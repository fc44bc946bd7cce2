import { cancelRequestCode, sslRequestCode } from './startup-packet.ts';

/** Messages as bytes. What pg-protocol can serialize (password, SASL, query) is left to it. Source: PostgreSQL protocol, "Message Formats". */

export const headerBytes = 5;

export const typeOf = (letter: string): number => letter.charCodeAt(0);

/** One message: its type, its length, and the parts of its body. Strings are ended by NUL. */
export function message(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), withLength(parts)]);
}

function withLength(parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? cstring(part) : part)));
  return Buffer.concat([int32(4 + body.length), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf8');
}

export const authenticationOk = message('R', int32(0));
/** Transaction status idle. */
export const readyForQuery = message('Z', Buffer.from('I'));
export const sslRequest = withLength([int32(sslRequestCode)]);

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return message('R', int32(10), ...mechanisms, '');
}

export function authenticationSaslContinue(data: string): Buffer {
  return message('R', int32(11), Buffer.from(data));
}

export function authenticationSaslFinal(data: string): Buffer {
  return message('R', int32(12), Buffer.from(data));
}

export function backendKeyData({ processId, key }: CancelKey): Buffer {
  return message('K', int32(processId), key);
}

/** Tells a client that asked for more which minor version is spoken, and which of its protocol options are not known. */
export function negotiateProtocolVersion(minor: number, unknownOptions: readonly string[]): Buffer {
  return message('v', int32(minor), int32(unknownOptions.length), ...unknownOptions);
}

/** Protocol 3.0: spoken by every server, and its 4-byte cancel keys never leave this program. */
export function startupMessage(parameters: ReadonlyMap<string, string>): Buffer {
  return withLength([int32(3 << 16), ...[...parameters].flat(), '']);
}

/** What a CancelRequest must name. */
export interface CancelKey {
  readonly processId: number;
  readonly key: Buffer;
}

export function cancelRequest({ processId, key }: CancelKey): Buffer {
  return withLength([int32(cancelRequestCode), int32(processId), key]);
}

/** What a client is told in the protocol's own words. */
export interface Complaint {
  /** FATAL ends the connection. */
  readonly severity: 'ERROR' | 'FATAL';
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

export function errorResponse({ severity, sqlstate, message: text, detail, hint }: Complaint): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${sqlstate}`, `M${printable(text)}`];
  if (detail) fields.push(`D${printable(detail)}`);
  if (hint) fields.push(`H${printable(hint)}`);
  return message('E', ...fields, '');
}

/** A NUL would end the field, and the client would take what follows for another one. */
function printable(text: string): string {
  return text.replaceAll('\0', ' ');
}
