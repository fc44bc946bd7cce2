import { describe, expect, it } from 'vitest';
import { EarlyBytes, earlyLimitBytes } from './early-bytes.ts';

const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

describe('early bytes', () => {
  it('know nothing, a handshake in pieces, and a request', () => {
    const early = new EarlyBytes();
    expect(early.kind()).toBe('nothing');
    for (const byte of sslRequest) {
      early.add(Buffer.of(byte));
      expect(early.kind()).toBe('handshake');
    }
    early.add(Buffer.from('x'));
    expect(early.kind()).toBe('request');
  });

  it('keep the bound and the read that crosses it, then nothing', () => {
    const early = new EarlyBytes();
    early.add(Buffer.alloc(earlyLimitBytes - 1));
    expect(early.full).toBe(false);
    early.add(Buffer.alloc(earlyLimitBytes));
    expect(early.full).toBe(true);
    expect(Buffer.concat(early.chunks).length).toBe(2 * earlyLimitBytes - 1);
    early.add(Buffer.of(0));
    expect([early.kind(), early.chunks.length, early.full]).toEqual(['lost', 0, false]);
    early.add(Buffer.of(0));
    expect(early.chunks.length).toBe(0);
  });
});
