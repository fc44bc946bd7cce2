import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, parseDurationMs } from './duration.ts';

describe('parseDurationMs', () => {
  it.each([
    ['0', 0],
    ['90s', 90_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['1.5h', 5_400_000],
  ])('%s', (text, expected) => expect(parseDurationMs(text)).toBe(expected));

  it.each(['', '5', '-1s', '1d', '1 s', '1s2', 's', '1e3s', '99999999999999999999h'])(
    'refuses "%s"',
    (text) => expect(parseDurationMs(text)).toBeUndefined(),
  );

  it('throws for no text', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseDurationMs(text)));
  });
});

it.each([
  [84, '84 ms'],
  [3_100, '3.1 s'],
  [9_970, '10 s'],
  [119_000, '119 s'],
  [240_000, '4 min'],
  [7_200_000, '2 h'],
])('formatDuration(%d)', (durationMs, expected) => expect(formatDuration(durationMs)).toBe(expected));
