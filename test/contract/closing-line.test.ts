import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const reporter = fileURLToPath(new URL('../../build/test-report/closing-line.ts', import.meta.url));
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-report-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

/** Runs vitest over one file of tests; gives the last line that it printed and its exit code. */
async function runOf(
  tests: string,
  requireAll = '',
): Promise<{ lastLine: string | undefined; code: number }> {
  await writeFile(join(dir, 'some.test.js'), tests);
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--root', dir, '--globals', '--reporter=default', `--reporter=${reporter}`],
    { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, SALLYPORT_REQUIRE_ALL: requireAll } },
  );
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { lastLine: output.trimEnd().split('\n').at(-1), code };
}

const passing = "test('a', () => {});\n";
const failing = "test('b', () => { throw new Error('b'); });\n";
const skipping = "test.skip('c');\n";

test.each([
  ['all pass', passing, '1 passed, 0 failed', 0],
  ['one fails', passing + failing, '1 passed, 1 failed', 1],
  ['one is skipped', passing + skipping, '1 passed, 0 failed, 1 skipped', 0],
  ['all are skipped', skipping, '0 passed, 0 failed, 1 skipped', 1],
  ['the file cannot be read', 'not javascript', '0 passed, 1 failed', 1],
  [
    'a hook fails',
    `describe('d', () => { afterAll(() => { throw new Error('h'); }); ${passing} });`,
    '1 passed, 1 failed',
    1,
  ],
  ['nobody handles an error', `${passing}Promise.reject(new Error('lost'));`, '1 passed, 1 failed', 1],
])('%s', async (_, tests, lastLine, code) => {
  expect(await runOf(tests)).toEqual({ lastLine, code });
});

test('with SALLYPORT_REQUIRE_ALL=1 what is skipped has failed', async () => {
  expect(await runOf(passing + skipping, '1')).toEqual({ lastLine: '1 passed, 1 failed', code: 1 });
});
