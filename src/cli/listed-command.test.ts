import { describe, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { commandNamed } from './listed-command.ts';

describe('commandNamed', () => {
  it.each([
    [[], undefined, []],
    [['up', 'orders-db'], 'up', ['orders-db']],
    [['help', 'profile', 'add'], 'profile', ['add']],
    [['--verbose', 'profile', 'help', 'add'], 'profile', ['help', 'add']],
  ])('%j names %s', (words, name, rest) => {
    expect(commandNamed(words)).toEqual({ name, rest });
  });
});

it.each([
  [['profile', 'help', 'add'], '<target>'],
  [['profile', 'source', '--help'], 'sallyport profile source add team'],
  [['profile', 'group', 'add', '--help'], '--project'],
  // What is not loaded has its summary.
  [['help', 'profile'], 'add a profile to your own file'],
])('%j prints the help of what it names', async (argv, words) => {
  using cli = new FakeCli();
  expect(await cli.run(...argv)).toBe(0);
  expect(cli.stdout.text).toContain(words);
});
