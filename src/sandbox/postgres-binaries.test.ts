import { chmod, mkdir, mkdtemp, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPostgres } from './postgres-binaries.ts';

// Modes and links as here are POSIX.
const posix = process.platform !== 'win32';
let root: string;
let native: string;
let scratchDir: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  // mkdtemp closes it to others.
  await chmod(root, 0o755);
  native = join(root, 'package', 'native');
  scratchDir = join(root, 'scratch');
  await mkdir(join(native, 'bin'), { recursive: true });
  await mkdir(join(native, 'lib'));
  await mkdir(scratchDir);
  for (const name of ['initdb', 'postgres']) await writeFile(join(native, 'bin', name), '', { mode: 0o755 });
  await writeFile(join(native, 'lib', 'libpq.so.5.18'), 'library');
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  await writeFile(join(native, 'pg-symlinks.json'), JSON.stringify(links));
  await symlink('libpq.so.5.18', join(native, 'lib', 'libpq.so.5'));
});

afterEach(() => rm(root, { recursive: true }));

const find = (asOtherUser: boolean) => findPostgres({ scratchDir, asOtherUser, native });
const inPlace = () => join(native, 'bin', 'postgres');
const copied = () => join(scratchDir, 'native', 'bin', 'postgres');

test.runIf(posix)('binaries that can be used are used where they are', async () => {
  expect((await find(false)).postgres).toBe(inPlace());
  expect((await find(true)).postgres).toBe(inPlace());
});

test.runIf(posix)('a folder that others cannot enter is copied for another user alone', async () => {
  await chmod(join(root, 'package'), 0o700);
  expect((await find(false)).postgres).toBe(inPlace());
  expect((await find(true)).postgres).toBe(copied());
});

test.runIf(posix)('a package whose install script did not run is mended in a copy', async () => {
  await rm(join(native, 'lib', 'libpq.so.5'));
  await chmod(inPlace(), 0o644);
  expect((await find(false)).postgres).toBe(copied());
  expect(await readlink(join(scratchDir, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
  expect((await stat(copied())).mode & 0o777).toBe(0o755);
  // The package itself is left as it was.
  expect((await stat(inPlace())).mode & 0o777).toBe(0o644);
});
