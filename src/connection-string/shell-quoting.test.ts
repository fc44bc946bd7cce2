import { type ExecFileSyncOptions, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyName } from './endpoint.fixture.ts';
import { fishWords, powershellWords } from './readers.fixture.ts';
import { commandLine, environmentLines, olderPowershell, quoteWord } from './shell-quoting.ts';

/** Without a stdin, because bash reads its .bashrc where that is a socket. */
const quiet: ExecFileSyncOptions = { stdio: ['ignore', 'pipe', 'inherit'] };

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

const realShells = (
  [
    ['sh', 'sh'],
    ['bash', 'sh'],
    ['dash', 'sh'],
    ['zsh', 'sh'],
    ['fish', 'fish'],
  ] as const
).map(([program, shell]) => {
  const isThere = spawnSync(program, ['-c', '']).status === 0;
  return { name: isThere ? program : `${program} (not on this machine)`, program, shell, isThere };
});

describe.each(realShells)('$name', ({ program, shell, isThere }) => {
  let home: string;

  // fish keeps a history and universal variables there.
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'sallyport-shell-'));
  });

  afterAll(() => rmSync(home, { recursive: true, force: true }));

  function printed(line: string): string[] {
    const env = { PATH: process.env.PATH, HOME: home };
    return execFileSync(program, ['-c', line], { ...quiet, env })
      .toString()
      .split('\0')
      .slice(0, -1);
  }

  it.skipIf(!isThere)('gives a program the very words', () => {
    fc.assert(
      fc.property(anyWords, (words) => {
        expect(printed(commandLine({ words: ['printf', '%s\\0', ...words] }, shell))).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });

  it.skipIf(!isThere)('sets variables, for later commands and for one', () => {
    const words = ['sh', '-c', 'printf "%s\\0" "$A" "$B"'];
    fc.assert(
      fc.property(anyName, anyName, (A, B) => {
        expect(printed(`${environmentLines({ A, B }, shell)}\n${commandLine({ words }, shell)}`)).toEqual([
          A,
          B,
        ]);
        expect(printed(commandLine({ environment: { A, B }, words }, shell))).toEqual([A, B]);
      }),
      { numRuns: 30 },
    );
  });
});

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

it('knows what an older PowerShell makes of a command', () => {
  expect(olderPowershell(['psql', 'host=x', 'a\\'])).toBeUndefined();
  for (const mangled of ['dbname="x"', '', 'a b\\'])
    expect(olderPowershell(['psql', mangled])).toContain('7.3');
  expect(olderPowershell(['curl', 'http://127.0.0.1/'])).toContain('curl.exe');
});
