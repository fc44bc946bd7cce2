import { expect, it } from 'vitest';
import { hasComment, offsetOf, problemLines } from './text-lines.ts';

const problem = (line: number, column: number) => ({
  at: '',
  message: `${line}:${column}`,
  line,
  column,
  severity: 'error' as const,
});
const text = 'port: abc\nkind: x\n';

it('puts problems at their lines, and cuts the line at the first', () => {
  const [first, second] = problemLines(text, [problem(1, 7), problem(1, 3)]);
  expect(first).toMatchObject({ before: 'po', after: 'rt: abc', line: 1 });
  expect(first!.problems).toHaveLength(2);
  expect(second).toMatchObject({ before: 'kind: x', after: '', problems: [] });
});

it('loses no problem that stands beyond the text', () => {
  const lines = problemLines(text, [problem(9, 40), problem(0, 0)]);
  expect(lines.map(({ problems }) => problems.length)).toEqual([1, 1, 0]);
  expect(problemLines('', [problem(1, 1)])[0]!.problems).toHaveLength(1);
});

it('finds the place of a line and column, and never leaves the text', () => {
  expect(text.slice(offsetOf(text, { line: 2, column: 7 }))).toBe('x\n');
  expect(offsetOf(text, { line: 99, column: 99 })).toBe(text.length);
  expect(offsetOf(text, { line: 1, column: 99 })).toBe(9);
});

it('tells a comment from a number sign within a word', () => {
  expect(hasComment('a: 1 # why')).toBe(true);
  expect(hasComment('# why\na: 1')).toBe(true);
  expect(hasComment('a: x#y')).toBe(false);
});
