import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { isHandshake } from './handshake.ts';

function postgres(code: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, body]);
}

const startup = (body: string, minor = 0) => postgres(0x00030000 + minor, Buffer.from(body, 'latin1'));

/** What a real TLS client sends first. */
async function clientHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  let bytes = Buffer.alloc(0);
  while (bytes.length < 5 || bytes.length < 5 + bytes.readUInt16BE(3)) {
    const [chunk] = await once(socket, 'data');
    bytes = Buffer.concat([bytes, chunk]);
  }
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same handshake message in records of other sizes. */
function inRecords(hello: Buffer, sizes: readonly number[]): Buffer {
  const message = hello.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0, n = 0; at < message.length; n++) {
    const part = message.subarray(at, at + (sizes[n % sizes.length] ?? 1));
    records.push(Buffer.from([0x16, 3, 1, part.length >> 8, part.length & 0xff]), part);
    at += part.length;
  }
  return Buffer.concat(records);
}

const hello = await clientHello();
const handshakes: Record<string, Buffer> = {
  SSLRequest: postgres(80877103),
  GSSENCRequest: postgres(80877104),
  'StartupMessage 3.0': startup('user\0bob\0database\0orders\0\0'),
  'StartupMessage 3.2': startup('user\0bob\0\0', 2),
  'StartupMessage with UTF-8 and an empty value': startup('user\0b\xc3\xb6b\0options\0\0\0'),
  ClientHello: hello,
  'ClientHello in records of 1, 2, 3 and 100 bytes': inRecords(hello, [1, 2, 3, 100]),
};

describe.each(Object.entries(handshakes))('%s', (_name, bytes) => {
  it('is one, cut short at any byte', () => {
    for (let length = 1; length <= bytes.length; length++)
      expect(isHandshake(bytes.subarray(0, length)), `${length} bytes`).toBe(true);
  });

  it('is none with anything after it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (more) => {
        expect(isHandshake(Buffer.concat([bytes, more]))).toBe(false);
      }),
    );
  });

  it('is none twice', () => {
    expect(isHandshake(Buffer.concat([bytes, bytes]))).toBe(false);
  });
});

describe('no handshake', () => {
  const others: Record<string, Buffer> = {
    nothing: Buffer.alloc(0),
    'CancelRequest, which acts': postgres(80877102, Buffer.from('\0\0\0\x01\0\0\0\x02')),
    'the head of a CancelRequest': postgres(80877102, Buffer.alloc(8)).subarray(0, 8),
    'protocol 2': postgres(0x00020000, Buffer.alloc(292)),
    'a startup message beyond the limit': startup(`user\0${'x'.repeat(10_000)}\0\0`),
    'a startup message with the end too early': startup('user\0bob\0\0more\0'),
    'a startup message without an end': startup('user\0bob\0database'),
    'a name without a value': startup('user\0\0'),
    HTTP: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    'a query': Buffer.from('Q\0\0\0\x0dSELECT 1\0'),
    'Kafka metadata, version 0': Buffer.from('\0\0\0\x17\0\x03\0\0\0\0\0\x01\0\x05abcde\0\0\0\0', 'latin1'),
    'a TLS alert': Buffer.from([0x15, 3, 1, 0, 2, 1, 0]),
    'a ServerHello': Buffer.from([0x16, 3, 3, 0, 4, 2, 0, 0, 0]),
    'TLS 0-RTT data after the hello': Buffer.concat([hello, Buffer.from([0x17, 3, 3, 0, 1, 0])]),
    'an empty record': Buffer.from([0x16, 3, 1, 0, 0]),
    'a record that promises more than the hello': Buffer.from([0x16, 3, 1, 0, 9, 1, 0, 0, 4, 1, 2]),
  };

  it.each(Object.entries(others))('%s', (_name, bytes) => {
    expect(isHandshake(bytes)).toBe(false);
  });

  it('random bytes of 16 or more, unless they say exactly what a handshake says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 2_000 }), (bytes) => {
        const looksLikeTls = bytes[0] === 0x16 && bytes[1] === 3 && bytes[5] === 1;
        const looksLikeStartup = bytes[0] === 0 && bytes[4] === 0 && bytes[5] === 3;
        fc.pre(!looksLikeTls && !looksLikeStartup);
        expect(isHandshake(bytes)).toBe(false);
      }),
      fuzzed(2_000),
    );
  });

  it('what differs from a handshake in its framing by any one byte', () => {
    const original = handshakes.SSLRequest as Buffer;
    fc.assert(
      fc.property(fc.nat(7), fc.integer({ min: 1, max: 255 }), (at, difference) => {
        const changed = Buffer.from(original);
        changed[at] = (changed[at] as number) ^ difference;
        fc.pre(!changed.equals(handshakes.GSSENCRequest as Buffer));
        expect(isHandshake(changed)).toBe(false);
      }),
    );
  });
});
