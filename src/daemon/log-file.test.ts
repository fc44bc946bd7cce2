import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFile } from './log-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('rotates by size, keeps the newest, and goes on where it was', async () => {
  const options = { path: join(folder, 'log'), maxBytes: 25, keep: 2 };
  const first = new LogFile(options);
  for (let line = 0; line < 3; line++) first.write(`line ${line} ${'x'.repeat(5)}`);
  first[Symbol.dispose]();
  using second = new LogFile(options);
  for (let line = 3; line < 9; line++) second.write(`line ${line} ${'x'.repeat(5)}`);
  expect((await readdir(folder)).sort()).toEqual(['log', 'log.1', 'log.2']);
  const of = (name: string) => readFile(join(folder, name), 'utf8');
  expect(await of('log')).toBe('line 8 xxxxx\n');
  expect(await of('log.1')).toBe('line 7 xxxxx\n');
  expect(await of('log.2')).toBe('line 6 xxxxx\n');
  expect((await stat(join(folder, 'log'))).mode & 0o777).toBe(0o600);
});

it('outlives a folder that goes away', async () => {
  const path = join(folder, 'sub', 'log');
  using log = new LogFile({ path });
  log.write('lost');
  await mkdir(join(folder, 'sub'));
  log.write('kept');
  expect(await readFile(path, 'utf8')).toBe('kept\n');
});
