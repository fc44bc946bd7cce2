import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { type Opening, readOpening } from './startup-packet.ts';

/** Built here by hand, apart from what the source serializes with. */
function packet(code: number, body: Buffer | string = ''): Buffer {
  const head = Buffer.alloc(8);
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  head.writeInt32BE(8 + bytes.length, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, bytes]);
}

const v3 = (minor: number) => (3 << 16) + minor;
const key = (sizeBytes: number) => Buffer.from(Array.from({ length: sizeBytes }, (_, at) => at % 251));
const cancel = (sizeBytes: number) =>
  packet(80877102, Buffer.concat([Buffer.from([0, 0, 1, 2]), key(sizeBytes)]));

const valid: Record<string, [Buffer, Partial<Opening>]> = {
  SSLRequest: [packet(80877103), { kind: 'ssl-request', sizeBytes: 8 }],
  GSSENCRequest: [packet(80877104), { kind: 'gss-request', sizeBytes: 8 }],
  'CancelRequest of 3.0': [cancel(4), { kind: 'cancel', sizeBytes: 16, processId: 258, key: key(4) }],
  'CancelRequest of 3.2': [cancel(256), { kind: 'cancel', sizeBytes: 268, processId: 258, key: key(256) }],
  'StartupMessage 3.0': [
    packet(v3(0), 'user\0bob\0database\0orders\0\0'),
    {
      kind: 'startup',
      minor: 0,
      parameters: new Map([
        ['user', 'bob'],
        ['database', 'orders'],
      ]),
    },
  ],
  'StartupMessage 3.2 with a name given twice, an empty value and UTF-8': [
    packet(v3(2), 'user\0bob\0options\0\0user\0böb\0\0'),
    {
      kind: 'startup',
      minor: 2,
      parameters: new Map([
        ['user', 'böb'],
        ['options', ''],
      ]),
    },
  ],
  'StartupMessage without parameters': [packet(v3(0), '\0'), { kind: 'startup', parameters: new Map() }],
};

describe.each(Object.entries(valid))('%s', (_name, [bytes, expected]) => {
  it('is waited for at every byte, and read whole', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(readOpening(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined();
    expect(readOpening(bytes)).toMatchObject(expected);
  });

  it('leaves what follows', () => {
    const opening = readOpening(Buffer.concat([bytes, Buffer.from('more')]));
    expect(opening).toMatchObject(expected);
    expect(opening).toMatchObject({ sizeBytes: bytes.length });
  });
});

it('sees TLS by its first byte, and takes none of it', () => {
  expect(readOpening(Buffer.from([0x16]))).toEqual({ kind: 'direct-tls', sizeBytes: 0 });
});

describe('refuses', () => {
  const invalid: Record<string, Buffer> = {
    'HTTP at its first byte': Buffer.from('G'),
    'a length of 64 KiB at its second byte': Buffer.from([0, 1]),
    'a length beyond the limit': Buffer.from([0, 0, 0x27, 0x11]),
    'a length below a header': Buffer.from([0, 0, 0, 7]),
    'an SSLRequest with a body': packet(80877103, 'x'),
    'a cancel key of 3 bytes': cancel(3),
    'a cancel key of 257 bytes': cancel(257),
    'a cancel request without a key': packet(80877102),
    'protocol 2': packet(2 << 16, '\0'),
    'protocol 4': packet(4 << 16, '\0'),
    'no body': packet(v3(0)),
    'no terminator': packet(v3(0), 'user\0bob\0'),
    'the terminator too early': packet(v3(0), 'user\0bob\0\0more\0'),
    'a name without a value': packet(v3(0), 'user\0\0'),
    'what is no UTF-8': packet(v3(0), Buffer.from('user\0b\xff\0\0', 'latin1')),
    '257 parameters': packet(v3(0), `${Array.from({ length: 257 }, (_, n) => `a${n}\0b\0`).join('')}\0`),
  };

  it.each(Object.entries(invalid))('%s', (_name, bytes) => {
    expect(readOpening(bytes)).toMatchObject({ kind: 'invalid', why: expect.stringMatching(/\w+/) });
  });

  it('protocol 2 by the code that clients know', () => {
    expect(readOpening(packet(2 << 16))).toMatchObject({ sqlstate: '0A000' });
  });
});

describe('random bytes', () => {
  it('never throw, and are never waited for beyond the limit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(2), (bytes, zeros) => {
        const packet = Buffer.concat([Buffer.alloc(zeros), bytes, Buffer.alloc(10_000)]);
        expect(readOpening(packet)).toBeDefined();
      }),
      fuzzed(3_000),
    );
  });

  it('that follow a startup header are a list of pairs, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const opening = readOpening(packet(v3(0), Buffer.from(bytes)));
        if (opening?.kind !== 'startup') {
          expect(opening?.kind).toBe('invalid');
          return;
        }
        const texts = [...opening.parameters].flat();
        expect(texts.join('')).not.toContain('\0');
        expect(opening.parameters.has('')).toBe(false);
      }),
      fuzzed(3_000),
    );
  });

  it('that are pairs come back as they are', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', '_', ' ', '\n', 'é', '☃', '😀'),
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 20 }), (pairs) => {
        const body = `${pairs.map(([name, value]) => `${name}\0${value}\0`).join('')}\0`;
        const opening = readOpening(packet(v3(0), body));
        expect(opening).toMatchObject({ kind: 'startup', parameters: new Map(pairs) });
      }),
      fuzzed(100),
    );
  });
});
