import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { carriedFolder, putDown } from './carried-files.ts';

const bytes = Buffer.from('an add-on');
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'carried-'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

it('puts it into a folder of the user alone, under the hash of its content', async () => {
  const path = putDown(dir, 'a.node', bytes);
  expect(path).toMatch(/\/[0-9a-f]{32}\/a\.node$/);
  expect(await readFile(path)).toEqual(bytes);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
  expect(putDown(dir, 'a.node', Buffer.from('another'))).not.toBe(path);
});

it('leaves one alone that is there and right: another process may have it loaded', async () => {
  const path = putDown(dir, 'a.node', bytes);
  await utimes(path, 1, 1);
  expect(putDown(dir, 'a.node', bytes)).toBe(path);
  expect((await stat(path)).mtimeMs).toBe(1_000);
  expect(await readdir(join(path, '..'))).toEqual(['a.node']);
});

it.each([
  ['that was changed', (path: string) => writeFile(path, 'another!!')],
  ['that was cut short', (path: string) => writeFile(path, 'an')],
  ['that others may write', (path: string) => chmod(path, 0o666)],
  [
    'that is a link to a file with the same content',
    async (path: string) => {
      await rm(path);
      await writeFile(join(dir, 'elsewhere'), bytes);
      await symlink(join(dir, 'elsewhere'), path);
    },
  ],
])('replaces one %s', async (_what, spoil) => {
  const path = putDown(dir, 'a.node', bytes);
  const before = await stat(path);
  await spoil(path);
  expect(putDown(dir, 'a.node', bytes)).toBe(path);
  const after = await stat(path);
  expect(after.ino).not.toBe(before.ino);
  expect(await readFile(path)).toEqual(bytes);
  expect(after.mode & 0o777).toBe(0o600);
});

it('loads nothing out of a folder that others may write to, or may put another in place of', async () => {
  const path = putDown(dir, 'a.node', bytes);
  await chmod(join(path, '..'), 0o777);
  expect(() => putDown(dir, 'a.node', bytes)).toThrow(expect.objectContaining({ code: 'SP-FOLDER-UNSAFE' }));
  await chmod(join(path, '..'), 0o700);
  await mkdir(join(dir, 'open'));
  await chmod(join(dir, 'open'), 0o777);
  expect(() => putDown(join(dir, 'open', 'carried'), 'a.node', bytes)).toThrow(
    expect.objectContaining({ code: 'SP-FOLDER-UNSAFE' }),
  );
});

it('has nothing to give where no executable carries it', () => {
  expect(carriedFolder('page/')).toBeUndefined();
});
