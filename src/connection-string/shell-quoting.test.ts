import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyName } from './endpoint.fixture.ts';
import { fishWords, powershellWords } from './readers.fixture.ts';
import { commandLine, environmentLines, needsNewPowershell, quoteWord } from './shell-quoting.ts';

/** Without a stdin, because bash reads its .bashrc where that is a socket. */
const quiet: ExecFileSyncOptions = { env: { PATH: process.env.PATH }, stdio: ['ignore', 'pipe', 'inherit'] };

const anyWords = fc.array(fc.oneof(anyName, fc.constant('')), { minLength: 1, maxLength: 6 });

describe('quoteWord', () => {
  it.each([
    ['psql', 'psql', 'psql', 'psql'],
    ['--port=1', '--port=1', '--port=1', "'--port=1'"],
    ['', "''", "''", "''"],
    ['a b', "'a b'", "'a b'", "'a b'"],
    ["it's", "'it'\\''s'", "'it\\'s'", "'it''s'"],
    ['a\\', "'a\\'", "'a\\\\'", "'a\\'"],
    ['$HOME', "'$HOME'", "'$HOME'", "'$HOME'"],
    ['it’s', "'it’s'", "'it’s'", "'it’’s'"],
    ['=ls', "'=ls'", "'=ls'", "'=ls'"],
    ['~', "'~'", "'~'", "'~'"],
    ['--host=127.0.0.1', '--host=127.0.0.1', '--host=127.0.0.1', "'--host=127.0.0.1'"],
  ])('%j', (word, sh, fish, powershell) => {
    expect(quoteWord(word, 'sh')).toBe(sh);
    expect(quoteWord(word, 'fish')).toBe(fish);
    expect(quoteWord(word, 'powershell')).toBe(powershell);
  });
});

describe.each(['sh', 'bash', 'dash', 'zsh'].filter((shell) => spawnSync(shell, ['-c', '']).status === 0))(
  '%s',
  (shell) => {
    it('gives a program the very words', () => {
      fc.assert(
        fc.property(anyWords, (words) => {
          const line = commandLine({ words: ['printf', '%s\\0', ...words] }, 'sh');
          const printed = execFileSync(shell, ['-c', line], quiet).toString();
          expect(printed.split('\0').slice(0, -1)).toEqual(words);
        }),
        { numRuns: 60 },
      );
    });

    it('sets variables, for later commands and for one', () => {
      fc.assert(
        fc.property(anyName, anyName, (a, b) => {
          const seen = 'printf %s\\\\0 "$A" "$B"';
          const lines = `${environmentLines({ A: a, B: b }, 'sh')}\nsh -c '${seen}'`;
          const one = commandLine(
            { environment: { A: a, B: b }, words: ['sh', '-c', 'printf %s\\\\0 "$A" "$B"'] },
            'sh',
          );
          for (const line of [lines, one]) {
            const printed = execFileSync(shell, ['-c', line], quiet).toString();
            expect(printed).toBe(`${a}\0${b}\0`);
          }
        }),
        { numRuns: 30 },
      );
    });
  },
);

describe.each([
  ['fish', fishWords],
  ['powershell', powershellWords],
] as const)('%s', (shell, read) => {
  it('gives a program the very words', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        expect(read(commandLine({ words: ['printf', ...words] }, shell))).toEqual(['printf', ...words]);
      }),
    );
  });

  it('gives a variable its very value', () => {
    fc.assert(
      fc.property(anyName, (value) => {
        const line = environmentLines({ PGUSER: value }, shell);
        const start = shell === 'fish' ? 'set -gx PGUSER ' : '$env:PGUSER = ';
        expect(line.startsWith(start)).toBe(true);
        expect(read(line.slice(start.length))).toEqual([value]);
      }),
    );
  });
});

it('sets the variables of one command in the way of each shell', () => {
  const command = { environment: { PGPASSWORD: "it's" }, words: ['psql', 'host=x user=y'] };
  expect(commandLine(command, 'sh')).toBe("PGPASSWORD='it'\\''s' psql 'host=x user=y'");
  expect(commandLine(command, 'fish')).toBe("PGPASSWORD='it\\'s' psql 'host=x user=y'");
  expect(commandLine(command, 'powershell')).toBe("$env:PGPASSWORD = 'it''s'; psql 'host=x user=y'");
});

it('knows what PowerShell before 7.3 passes on wrongly', () => {
  expect(needsNewPowershell(['psql', 'host=x'])).toBe(false);
  expect(needsNewPowershell(['psql', 'dbname="x"'])).toBe(true);
  expect(needsNewPowershell(['psql', ''])).toBe(true);
});
