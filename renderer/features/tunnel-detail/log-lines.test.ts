import { expect, it } from 'vitest';
import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { LogLine } from '../../../src/contract/control-tunnel.ts';
import { fakePod } from '../../../test/support/fake-control.ts';
import { foundLines, LogLines, logText, maxLogLines } from './log-lines.ts';

const atMs = 1_700_000_000_000;
const line = (sequence: number, rest: Partial<LogLine> = {}): LogLine => ({
  sequence,
  atMs,
  level: 'info',
  event: 'watch mode',
  fields: { mode: 'poll' },
  ...rest,
});
const ready = line(2, { event: 'tunnel state', fields: { kind: 'ready', pod: fakePod, held: 0 } });
const refused = line(3, {
  level: 'warn',
  event: 'client denied',
  fields: { connection: 4, why: 'password', user: 'app' },
});

it('finds lines by what they say, the newest first', () => {
  const lines = new LogLines();
  lines.add([line(1), ready, refused]);
  const found = (search: string, level: 'All' | 'Warnings' = 'All') =>
    foundLines(lines.all, { search, level }).map(({ sequence }) => sequence);
  expect(found('')).toEqual([3, 2, 1]);
  expect(found('', 'Warnings')).toEqual([3]);
  expect(found('POSTGRES-0')).toEqual([2]);
  expect(found('why=pass user')).toEqual([3]);
  expect(found('mode', 'Warnings')).toEqual([]);
});

it('is copied as the command line prints it, the oldest first', () => {
  const lines = new LogLines();
  lines.add([ready, refused]);
  const time = timeWords(atMs);
  expect(logText(foundLines(lines.all, { search: '', level: 'All' }))).toBe(
    [
      `${time} ● ready · postgres-0 · 2c98 · node-1 · primary`,
      `${time} warn client denied connection=4 why=password user=app`,
    ].join('\n'),
  );
});

it('keeps the newest, and reads what comes in the light of what came', () => {
  const lines = new LogLines();
  lines.add([ready]);
  const pod = { ...fakePod, uid: '7f3a0000-0000-4000-8000-000000000002' };
  lines.add([line(3, { event: 'tunnel state', fields: { kind: 'ready', pod, held: 0 } })]);
  expect(lines.all.at(-1)?.words).toContain('postgres-0 is a new pod, 7f3a, was 2c98');
  const before = lines.all;
  lines.add([]);
  expect(lines.all).toBe(before);
  lines.add(Array.from({ length: maxLogLines }, (_, index) => line(10 + index)));
  expect([lines.all.length, lines.all[0]?.sequence]).toEqual([maxLogLines, 10]);
});
