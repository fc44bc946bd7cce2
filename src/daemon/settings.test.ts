import { chmod, chown, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

let folder: string;
let file: string;
let real: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'));
  file = join(folder, 'settings.yaml');
  real = join(folder, 'dotfile');
  await writeFile(real, 'passwords: {keepIn: memory}\n', { mode: 0o600 });
  await symlink(real, file);
});
afterEach(() => rm(folder, { recursive: true }));

it('follows a link, and has nothing to say where there is no file', async () => {
  expect(await readSettings(file)).toEqual({ passwords: { keepIn: 'memory' } });
  expect(await readSettings(join(folder, 'none.yaml'))).toEqual({});
});

it('refuses what others may write, where the link leads', async () => {
  await chmod(real, 0o602);
  await expect(readSettings(file)).rejects.toMatchObject({
    code: 'SP-USAGE',
    details: { message: `${file}: it may be written by others: take that away from them` },
  });
});

it('names the line of a mistake, and quotes nothing of it', async () => {
  await writeFile(real, 'audit:\n  ship:\n  - {name: a, token: "hunter2\n: x');
  const error = await readSettings(file).catch((thrown) => thrown);
  expect(error).toMatchObject({
    code: 'SP-USAGE',
    details: { message: expect.stringMatching(/: line \d: /) },
  });
  expect(JSON.stringify(error.toData())).not.toContain('hunter2');
});

it.skipIf(process.getuid?.() !== 0)('refuses what belongs to another user (needs root)', async () => {
  await chown(real, 65_534, 65_534);
  await expect(readSettings(file)).rejects.toMatchObject({
    code: 'SP-USAGE',
    details: { message: `${file}: it belongs to user 65534, not to you` },
  });
});
