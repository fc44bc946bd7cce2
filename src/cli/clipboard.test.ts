import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { copyToClipboard } from './clipboard.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-clipboard-'));
  vi.stubEnv('PATH', `${dir}:/usr/bin:/bin`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, name), 0o755);
}

const silent = { isTTY: false, write() {} };
const text = "it's a string, with € in it\n";

it('gives the text to the program of the desktop, by standard input alone', async () => {
  await program('wl-copy', `echo "$@" > ${dir}/args; cat > ${dir}/got`);
  expect(
    await copyToClipboard(text, { platform: 'linux', env: { WAYLAND_DISPLAY: 'w' }, stderr: silent }),
  ).toBe('wl-copy');
  expect(await readFile(join(dir, 'got'), 'utf8')).toBe(text);
  expect(await readFile(join(dir, 'args'), 'utf8')).toBe('\n');
});

it('does not wait for a program that stays to serve the clipboard', async () => {
  await program('xclip', `cat > ${dir}/got; (sleep 20 & echo $! > ${dir}/pid) > /dev/null 2>&1`);
  expect(await copyToClipboard(text, { platform: 'linux', env: { DISPLAY: ':0' }, stderr: silent })).toBe(
    'xclip',
  );
  process.kill(Number(await readFile(join(dir, 'pid'), 'utf8')));
});

it('tries the next one where one is missing or fails', async () => {
  await program('xclip', 'exit 1');
  await program('xsel', `cat > ${dir}/got`);
  expect(await copyToClipboard(text, { platform: 'linux', env: { DISPLAY: ':0' }, stderr: silent })).toBe(
    'xsel',
  );
});

it('goes through the terminal where there is no desktop, as over ssh', async () => {
  const write = vi.fn();
  expect(await copyToClipboard('ab', { platform: 'linux', env: {}, stderr: { isTTY: true, write } })).toBe(
    'the terminal',
  );
  expect(write).toHaveBeenCalledWith('\x1b]52;c;YWI=\x07');
});

it.each([
  [{}, 'print the string with `sallyport url`'],
  [{ DISPLAY: ':0' }, 'install xclip or xsel, or print the string with `sallyport url`'],
])('says what is missing, and what can be installed with %j', async (env, next) => {
  vi.stubEnv('PATH', dir);
  const copying = copyToClipboard('ab', { platform: 'linux', env, stderr: silent });
  await expect(copying).rejects.toMatchObject({ code: 'SP-PROGRAM-MISSING', exitCode: 9, details: { next } });
});
