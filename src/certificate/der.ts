/** The little of DER (X.690) that certificates need. Every function returns one complete TLV. */

function tlv(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest >>>= 8) length.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), body]);
}

export const sequence = (...items: Uint8Array[]) => tlv(0x30, ...items);
export const set = (...items: Uint8Array[]) => tlv(0x31, ...items);
export const octetString = (content: Uint8Array) => tlv(0x04, content);
export const utf8String = (text: string) => tlv(0x0c, Buffer.from(text));
export const boolean = (value: boolean) => tlv(0x01, Buffer.from([value ? 0xff : 0]));
/** A BIT STRING of whole bytes. */
export const bitString = (content: Uint8Array) => tlv(0x03, Buffer.from([0]), content);
/** Named bits, the first is bit 0 (the most significant), with unused bits counted as DER asks. */
export function namedBits(...bits: number[]): Buffer {
  const highest = Math.max(...bits);
  const bytes = new Uint8Array((highest >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  return tlv(0x03, Buffer.from([7 - (highest & 7)]), bytes);
}
/** [number] of a context, constructed (explicit tags, sequences) or primitive (implicit strings). */
export const context = (number: number, ...content: Uint8Array[]) => tlv(0xa0 | number, ...content);
export const contextPrimitive = (number: number, content: Uint8Array) => tlv(0x80 | number, content);

/** A non-negative INTEGER from big-endian bytes. */
export function integer(bytes: Uint8Array | number): Buffer {
  const raw = typeof bytes === 'number' ? Buffer.from([bytes]) : Buffer.from(bytes);
  let start = 0;
  while (start < raw.length - 1 && raw[start] === 0) start++;
  const trimmed = raw.subarray(start);
  return tlv(0x02, trimmed[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const base128 = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) base128.unshift(0x80 | (left & 0x7f));
    bytes.push(...base128);
  }
  return tlv(0x06, Buffer.from(bytes));
}

/** UTCTime, right for dates before 2050 (RFC 5280, 4.1.2.5). */
export function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '');
  return tlv(0x17, Buffer.from(digits.slice(2)));
}
