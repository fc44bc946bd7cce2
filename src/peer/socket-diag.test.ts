import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { addressBytes } from './connection-ends.ts';
import { diagRequest, readDiagAnswer } from './socket-diag.ts';

const ends = {
  client: { address: addressBytes('127.0.0.1'), port: 40_000 },
  server: { address: addressBytes('127.0.0.1'), port: 5_432 },
};

/** Recorded from Linux 6.18 for these ports, uid 65534 and inode 15953624. */
const recorded = Buffer.from(
  [
    '7c000000',
    '1400',
    '0000',
    '07000000',
    '00000000',
    '02',
    '01',
    '00',
    '00',
    '9c40',
    '1538',
    '7f000001000000000000000000000000',
    '7f000001000000000000000000000000',
    '00000000',
    '2110000000000000',
    '00000000',
    '00000000',
    '00000000',
    'feff0000',
    'd86ef300',
    '050008000000000008000f000000000006001b00000000000c00150001000000000000000c00160000000000',
  ].join(''),
  'hex',
);

describe('socket diagnostics', () => {
  it('asks for one socket', () => {
    expect(diagRequest(ends, 7).toString('hex')).toBe(
      [
        '48000000',
        '1400',
        '0100',
        '07000000',
        '00000000',
        '02',
        '06',
        '00',
        '00',
        'ffffffff',
        '9c40',
        '1538',
        '7f000001000000000000000000000000',
        '7f000001000000000000000000000000',
        '00000000',
        'ffffffffffffffff',
      ].join(''),
    );
  });

  it('reads whose it is', () => {
    expect(readDiagAnswer(recorded, ends, 7)).toEqual({ kind: 'socket', uid: 65_534, inode: 15_953_624 });
  });

  it('drops what was asked before', () => {
    expect(readDiagAnswer(recorded, ends, 8)).toEqual({ kind: 'stale' });
  });

  it('takes no socket that listens on the port of a client that is gone', () => {
    const listening = Buffer.from(recorded);
    listening[17] = 10;
    listening.writeUInt16BE(0, 22);
    expect(readDiagAnswer(listening, ends, 7)).toEqual({ kind: 'none' });
  });

  it('takes no socket that nobody holds: its uid of 0 would be root', () => {
    const orphan = Buffer.from(recorded);
    orphan.writeUInt32LE(0, 16 + 64);
    orphan.writeUInt32LE(0, 16 + 68);
    expect(readDiagAnswer(orphan, ends, 7)).toEqual({ kind: 'none' });
  });

  it('tells none from not allowed', () => {
    const error = (errno: number) => {
      const answer = Buffer.alloc(36);
      answer.writeUInt16LE(2, 4);
      answer.writeUInt32LE(7, 8);
      answer.writeInt32LE(-errno, 16);
      return readDiagAnswer(answer, ends, 7);
    };
    expect(error(2)).toEqual({ kind: 'none' });
    expect(error(1)).toEqual({ kind: 'failed', errno: 1 });
  });

  it('finds no socket in what is cut short', () => {
    for (let size = 0; size < 16 + 72; size++)
      expect(readDiagAnswer(recorded.subarray(0, size), ends, 7).kind).not.toBe('socket');
  });

  it('never throws, and finds nobody but for these ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(readDiagAnswer(Buffer.from(bytes), ends, 7).kind).not.toBe('socket');
      }),
      fuzzed(2_000),
    );
  });
});
