import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { AppError } from '../base/app-error.ts';
import { controlFrame, dataHeader, FrameReader, ping, rstStream, synStream } from './spdy-frame.ts';

type Seen = { data: Map<number, { bytes: Buffer; fin: boolean }>; control: string[] };

function readAll(chunks: readonly Buffer[]): Seen {
  const seen: Seen = { data: new Map(), control: [] };
  const reader = new FrameReader({
    onData(streamId, payload, fin) {
      const before = seen.data.get(streamId) ?? { bytes: Buffer.alloc(0), fin: false };
      seen.data.set(streamId, { bytes: Buffer.concat([before.bytes, payload]), fin: before.fin || fin });
    },
    onControl: (type, flags, payload) => seen.control.push(`${type} ${flags} ${payload.toString('hex')}`),
  });
  for (const chunk of chunks) {
    // Reads are lent: the reader has its bytes until it returns.
    const lent = Buffer.from(chunk);
    reader.read(lent);
    lent.fill('?');
  }
  return seen;
}

/** Written out by hand from the SPDY/3.1 draft, so that the writers below are not tested against themselves. */
const wire = Buffer.from(
  [
    '80030002 00 00001a 00000005 78bb00000000 aabbccddeeff00112233445566778899', // SYN_REPLY on 5, whatever block
    '00000007 00 000003 616263', // DATA 7 "abc"
    '80030006 00 000004 00000001', // PING 1
    '00000007 00 000000', // empty DATA
    '00000005 01 000002 6869', // DATA 5 "hi" FIN
    '80030003 00 000008 00000007 00000005', // RST 7 CANCEL
    '00000007 01 000000', // DATA 7 FIN
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

function expectWire(seen: Seen): void {
  expect(seen.control).toEqual([
    '2 0 0000000578bb00000000aabbccddeeff00112233445566778899',
    '6 0 00000001',
    '3 0 0000000700000005',
  ]);
  expect(seen.data.get(7)).toEqual({ bytes: Buffer.from('abc'), fin: true });
  expect(seen.data.get(5)).toEqual({ bytes: Buffer.from('hi'), fin: true });
}

describe('FrameReader', () => {
  it('reads every frame whatever the split offset', () => {
    for (let at = 0; at <= wire.length; at++) expectWire(readAll([wire.subarray(0, at), wire.subarray(at)]));
  });

  it('reads frames one byte at a time', () => {
    expectWire(readAll([...wire].map((byte) => Buffer.from([byte]))));
  });

  it('passes a payload on before its frame is complete', () => {
    const seen = readAll([Buffer.concat([dataHeader(9, 1_000_000, 1), Buffer.alloc(10, 1)])]);
    expect(seen.data.get(9)).toEqual({ bytes: Buffer.alloc(10, 1), fin: false });
  });

  it('throws SP-PROTOCOL for a control frame above the limit and for another SPDY version', () => {
    for (const hex of ['8003000200010001', '8002000200000004', '9003000200000004']) {
      const bad = Buffer.from(hex, 'hex');
      expect(() => readAll([bad])).toThrowError(expect.objectContaining({ code: 'SP-PROTOCOL' }));
    }
  });

  it('throws nothing but AppError for random bytes, and keeps at most one control frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
        try {
          readAll(chunks.map((chunk) => Buffer.from(chunk)));
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      fuzzed(2000),
    );
  });

  it('delivers the payloads that were framed, for any framing and any split', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 50 }), (payloads, sizes) => {
        const all = Buffer.concat(
          payloads.flatMap((payload) => [dataHeader(3, payload.length, 0), Buffer.from(payload)]),
        );
        const chunks: Buffer[] = [];
        let at = 0;
        for (const size of sizes) {
          chunks.push(all.subarray(at, at + size));
          at += size;
        }
        chunks.push(all.subarray(at));
        expect(readAll(chunks).data.get(3)!.bytes).toEqual(
          Buffer.concat(payloads.map((p) => Buffer.from(p))),
        );
      }),
      fuzzed(500),
    );
  });
});

describe('frame writers', () => {
  it('write the bytes of the SPDY/3.1 draft', () => {
    expect(ping(1).toString('hex')).toBe('800300060000000400000001');
    expect(rstStream(7, 5).toString('hex')).toBe('80030003000000080000000700000005');
    expect(dataHeader(7, 3, 1).toString('hex')).toBe('0000000701000003');
    expect(synStream(1, 1, Buffer.from('ab', 'hex')).toString('hex')).toBe(
      '800300010100000b' + '00000001' + '00000000' + '0000' + 'ab',
    );
    expect(controlFrame(4, 0, Buffer.alloc(0)).toString('hex')).toBe('8003000400000000');
  });
});
