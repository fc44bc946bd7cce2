/**
 * Recognises client bytes that may be sent twice: a known handshake, complete or cut short, and nothing after it. No server does anything
 * lasting on these alone. Sources: PostgreSQL protocol 3 "Message Formats" (SSLRequest, GSSENCRequest, StartupMessage), RFC 8446 4.1.2 and 5.1.
 * On doubt the answer is no: the connection is then ended instead of sent again.
 */

/** True when all of `bytes` is one known handshake or its beginning. No bytes are no handshake. */
export function isHandshake(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return false;
  return bytes[0] === recordTypeHandshake ? isClientHello(bytes) : isPostgresOpening(bytes);
}

const sslRequest = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);
const gssEncRequest = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30);
/** The server's own limit, MAX_STARTUP_PACKET_LENGTH. */
const maxStartupBytes = 10_000;

function isPostgresOpening(bytes: Uint8Array): boolean {
  return isStartOf(bytes, sslRequest) || isStartOf(bytes, gssEncRequest) || isStartupMessage(bytes);
}

function isStartOf(bytes: Uint8Array, whole: Uint8Array): boolean {
  return bytes.length <= whole.length && bytes.every((byte, at) => byte === whole[at]);
}

/** int32 length, int16 3, int16 minor, then name and value strings, each ended by NUL, and a NUL at the very end. */
function isStartupMessage(bytes: Uint8Array): boolean {
  const length = beginning(bytes, 0, 4);
  if (length.least > maxStartupBytes || length.most < 9) return false;
  if (bytes.length < 4) return true;
  if (bytes.length > length.least) return false;
  const version = beginning(bytes, 4, 4);
  // Minor versions seen are 0 and 2; the rest of this range is room for growth, not for other protocols.
  if (version.least > 0x000300ff || version.most < 0x00030000) return false;
  return areStrings(bytes.subarray(8), length.least - 8);
}

/** True for NUL-terminated strings and one last NUL, `wholeBytes` in all, or the beginning of such. */
function areStrings(bytes: Uint8Array, wholeBytes: number): boolean {
  let count = 0;
  let stringBytes = 0;
  for (const [at, byte] of bytes.entries()) {
    const last = at === wholeBytes - 1;
    if (byte !== 0) {
      if (last || byte < 0x20) return false;
      stringBytes++;
      continue;
    }
    const betweenPairs = count % 2 === 0 && stringBytes === 0;
    if (last !== betweenPairs) return false;
    count++;
    stringBytes = 0;
  }
  return true;
}

/** The smallest and largest big-endian number that begins with the bytes there are at `from`. */
function beginning(bytes: Uint8Array, from: number, sizeBytes: number): { least: number; most: number } {
  let least = 0;
  let most = 0;
  for (let at = from; at < from + sizeBytes; at++) {
    least = least * 256 + (bytes[at] ?? 0);
    most = most * 256 + (bytes[at] ?? 0xff);
  }
  return { least, most };
}

const recordTypeHandshake = 0x16;
const messageClientHello = 0x01;
const maxRecordBytes = 16_384;
/** Post-quantum key shares make some 2 KiB; a hello beyond this is none that a client sends. */
const maxHelloBytes = 65_536;

/** One ClientHello, in one TLS record or split over several. */
function isClientHello(bytes: Uint8Array): boolean {
  /** The message's own type and length: all of its content that matters. */
  const header: number[] = [];
  let seenBytes = 0;
  let helloBytes: number | undefined;
  let at = 0;
  while (at < bytes.length) {
    if (seenBytes === helloBytes) return false;
    if (bytes[at] !== recordTypeHandshake) return false;
    if ((bytes[at + 1] ?? 3) !== 3 || (bytes[at + 2] ?? 1) > 4) return false;
    const record = beginning(bytes, at + 3, 2);
    if (record.most < 1 || record.least > maxRecordBytes) return false;
    if (at + 5 > bytes.length) return true;
    const end = Math.min(at + 5 + record.least, bytes.length);
    header.push(...bytes.subarray(at + 5, Math.min(end, at + 9 - header.length)));
    seenBytes += end - at - 5;
    if ((header[0] ?? messageClientHello) !== messageClientHello) return false;
    if (header.length === 4) {
      helloBytes = 4 + beginning(Uint8Array.from(header), 1, 3).least;
      if (helloBytes > maxHelloBytes) return false;
    }
    at += 5 + record.least;
    // A record that holds more than the hello, even where the rest of it has not come yet.
    if (helloBytes !== undefined && seenBytes + (at - end) > helloBytes) return false;
  }
  return true;
}
