import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { type MessageRule, MessageStream } from './message-stream.ts';

function message(type: string, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(body as string, 'latin1');
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(4 + bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Cuts bytes at the given places, in any order. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  );
  return sorted.slice(1).map((end, at) => bytes.subarray(sorted[at], end));
}

const messages = fc.array(fc.tuple(fc.constantFrom('D', 'C', 'Z', 'E', 'Q'), fc.string({ maxLength: 40 })), {
  minLength: 1,
  maxLength: 12,
});
const places = fc.array(fc.nat(1_000), { maxLength: 30 });
const swap: MessageRule = { limitBytes: 30, handle: (found) => message('!', found.toString('latin1')) };

describe('MessageStream', () => {
  it('passes everything through untouched, however it is cut', () => {
    fc.assert(
      fc.property(messages, places, (list, where) => {
        const bytes = Buffer.concat(list.map(([type, body]) => message(type, body)));
        const stream = new MessageStream();
        const out = cut(bytes, where).flatMap((part) => stream.pass(part));
        expect(Buffer.concat(out).equals(bytes)).toBe(true);
        expect(stream.atBoundary).toBe(true);
        expect(String.fromCharCode(stream.lastType)).toBe(list.at(-1)?.[0]);
      }),
      fuzzed(500),
    );
  });

  it('gives messages of a type in whole, one byte at a time as at once, and replaces them', () => {
    fc.assert(
      fc.property(messages, places, (list, where) => {
        const bytes = Buffer.concat(list.map(([type, body]) => message(type, body)));
        const expected = Buffer.concat(
          list.map(([type, body]) => {
            const whole = message(type, body);
            return type === 'E' && whole.length <= 30 ? message('!', whole.toString('latin1')) : whole;
          }),
        );
        const through = (parts: Buffer[]) => {
          const stream = new MessageStream({ E: swap });
          return Buffer.concat(parts.flatMap((part) => stream.pass(part)));
        };
        expect(through(cut(bytes, where)).equals(expected)).toBe(true);
        expect(through(Array.from(bytes, (byte) => Buffer.from([byte]))).equals(expected)).toBe(true);
        expect(through([bytes]).equals(expected)).toBe(true);
      }),
      fuzzed(500),
    );
  });

  it('is at a boundary exactly when only whole messages have gone on', () => {
    const list = [message('D', 'some data'), message('C'), message('E', 'x'), message('Z', 'I')];
    const ends = new Set(list.map((_, at) => Buffer.concat(list.slice(0, at + 1)).length));
    for (const rules of [{}, { E: { ...swap, handle: (found: Buffer) => found } }]) {
      const stream = new MessageStream(rules);
      let passed = 0;
      for (const byte of Buffer.concat(list)) {
        for (const out of stream.pass(Buffer.from([byte]))) passed += out.length;
        expect(stream.atBoundary, `${passed} bytes`).toBe(passed === 0 || ends.has(passed));
      }
      expect(passed).toBe(Buffer.concat(list).length);
    }
  });

  it('hands a chunk on as it is, without a copy', () => {
    const chunk = Buffer.concat([message('D', 'one'), message('D', 'two'), message('Z', 'I')]);
    expect(new MessageStream({ E: swap }).pass(chunk)).toEqual([chunk]);
    expect(new MessageStream({ E: swap }).pass(chunk)[0]).toBe(chunk);
  });

  it('drops a message that is too large where a rule says so, without keeping it', () => {
    const stream = new MessageStream({ Q: { ...swap, tooLarge: () => message('?') } });
    const large = message('Q', 'x'.repeat(10_000));
    const bytes = Buffer.concat([message('S'), large, message('S')]);
    const out = cut(bytes, [3, 7, 100, 5_000]).flatMap((part) => stream.pass(part));
    expect(Buffer.concat(out)).toEqual(Buffer.concat([message('S'), message('?'), message('S')]));
    expect(stream.atBoundary).toBe(true);
  });

  it.each([0, 3, 0x4000_0000, 0xffff_ffff])(
    'is broken by a length of %d, and passes all that follows',
    (length) => {
      const bad = Buffer.from('Dxxxxand what follows');
      bad.writeUInt32BE(length, 1);
      const bytes = Buffer.concat([message('Z', 'I'), bad]);
      for (let place = 0; place < bytes.length; place++) {
        const stream = new MessageStream({ Q: swap });
        const out = cut(bytes, [place]).flatMap((part) => stream.pass(part));
        expect(Buffer.concat(out)).toEqual(bytes);
        expect(stream.broken).toBe(true);
        expect(stream.atBoundary).toBe(false);
      }
    },
  );
});
