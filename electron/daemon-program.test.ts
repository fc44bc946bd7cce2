import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { daemonProgram, mustCopy } from './daemon-program.ts';

let dir: string;
let source: string;
let folder: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'daemon-program-'));
  source = join(dir, 'sallyport');
  folder = join(dir, 'data', 'bin');
  await writeFile(source, 'program 1', { mode: 0o755 });
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const copied = (version = '1.0.0') => daemonProgram({ source, folder, version, isCopied: true });

it('is the packed one where that outlives the app', async () => {
  expect(mustCopy('darwin', {})).toBe(false);
  expect(mustCopy('linux', {})).toBe(false);
  expect(await daemonProgram({ source, folder, version: '1.0.0', isCopied: false })).toBe(source);
});

it('is a copy on Windows and of an AppImage, made once', async () => {
  expect(mustCopy('win32', {})).toBe(true);
  expect(mustCopy('linux', { APPIMAGE: '/x' })).toBe(true);
  const path = await copied();
  expect(await readFile(path, 'utf8')).toBe('program 1');
  expect((await stat(path)).mode & 0o777).toBe(0o755);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  const { ino } = await stat(path);
  expect(await copied()).toBe(path);
  expect((await stat(path)).ino).toBe(ino);
});

it('is made anew where it is not what was packed', async () => {
  const path = await copied();
  await writeFile(path, 'program X');
  expect(await copied()).toBe(path);
  expect(await readFile(path, 'utf8')).toBe('program 1');
});

it('takes the place of that of another version, and of what was left unfinished', async () => {
  await copied();
  await mkdir(join(folder, '0.9.0-abc.12.tmp'), { recursive: true });
  await writeFile(source, 'program 2', { mode: 0o755 });
  const path = await copied('1.1.0');
  expect(await readFile(path, 'utf8')).toBe('program 2');
  expect(await readdir(folder)).toHaveLength(1);
});
