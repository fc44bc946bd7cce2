import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorTable } from '../contract/error-codes.ts';
import { provesNothingArrived, verdict } from './verdict.ts';

const codes = [undefined, ...(Object.keys(errorTable) as ErrorCode[])];
const earlies = ['nothing', 'handshake', 'request', 'lost'] as const;
const gone = ['SP-PORT-REFUSED', 'SP-SANDBOX-GONE', 'SP-POD-REPLACED'] as const;

describe('verdict', () => {
  it('sends a request again only where none of it arrived', () => {
    for (const code of codes) {
      for (const opened of [true, false]) {
        const again = verdict({ code, opened, early: 'request', closes: 0 }) !== 'end';
        expect(again, `${code} ${opened}`).toBe(!opened || provesNothingArrived({ code, opened }));
      }
    }
  });

  it('passes a refusal on where it is an answer, and holds through it where it is an outage', () => {
    const refused = { code: 'SP-PORT-REFUSED', opened: true, early: 'nothing', closes: 0 } as const;
    expect(verdict(refused)).toBe('hold');
    expect(verdict({ ...refused, refusalEnds: true })).toBe('end');
    expect(verdict({ ...refused, code: 'SP-SANDBOX-GONE', refusalEnds: true })).toBe('hold');
  });

  it('keeps a request whose stream was never opened, also when its session was lost on the way', () => {
    const lost = { code: 'SP-SESSION-LOST', opened: false, early: 'request', closes: 0 } as const;
    expect(verdict(lost)).toBe('rest');
    expect(verdict({ ...lost, opened: true })).toBe('end');
  });

  it('takes nothing but the three for a proof once a stream is open', () => {
    expect(codes.filter((code) => provesNothingArrived({ code, opened: true }))).toEqual(gone);
  });

  it('takes no lost session, failed stream or unknown error for news of the port', () => {
    const unknown = [
      'SP-SESSION-LOST',
      'SP-STREAM-RESET',
      'SP-STREAM-TIMEOUT',
      'SP-STREAM-FAILED',
      'SP-PROTOCOL',
      'SP-INTERNAL',
    ] as const;
    for (const code of unknown) expect(provesNothingArrived({ code, opened: false })).toBe(false);
  });

  it('ends whoever sent more than was kept', () => {
    for (const code of codes)
      for (const opened of [true, false])
        expect(verdict({ code, opened, early: 'lost', closes: 0 })).toBe('end');
  });

  it.each([undefined, 'SP-STREAM-RESET'] as const)('tries a close (%s) again twice', (code) => {
    for (const early of ['nothing', 'handshake'] as const) {
      const after = [0, 1, 2].map((closes) => verdict({ code, opened: true, early, closes }));
      expect(after).toEqual(['again', 'again', 'end']);
    }
  });

  it('never ends one that sent nothing or a handshake, but for a server that closes', () => {
    for (const code of codes) {
      for (const early of earlies.slice(0, 2))
        expect(verdict({ code, opened: true, early, closes: 0 })).not.toBe('end');
    }
  });

  it('rests where the transport has no room', () => {
    expect(verdict({ code: 'SP-HOLD-FULL', opened: false, early: 'request', closes: 0 })).toBe('rest');
  });
});
