import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensurePrivateFolder } from './private-folder.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'private-folder-'));
});
afterEach(() => rm(base, { recursive: true }));

const unsafe = (path: string) => ({ code: 'SP-FOLDER-UNSAFE', details: { path } });

it('makes folders that are private, and those between', async () => {
  await ensurePrivateFolder(join(base, 'a', 'b'));
  for (const path of ['a', 'a/b']) expect((await stat(join(base, path))).mode & 0o777).toBe(0o700);
});

it('takes reading away from others in a folder of its own', async () => {
  await chmod(base, 0o755);
  await ensurePrivateFolder(base);
  expect((await stat(base)).mode & 0o777).toBe(0o700);
});

it.each([0o770, 0o707, 0o777])('refuses one that others may write to (%o)', async (mode) => {
  const path = join(base, 'a');
  await mkdir(path);
  await chmod(path, mode);
  await expect(ensurePrivateFolder(path)).rejects.toMatchObject(unsafe(path));
});

it('refuses one below a folder that others may write to', async () => {
  await chmod(base, 0o777);
  const path = join(base, 'a');
  await expect(ensurePrivateFolder(path)).rejects.toMatchObject(unsafe(base));
});

it('refuses a link, a file, and what cannot be made', async () => {
  await mkdir(join(base, 'real'), { mode: 0o700 });
  await symlink('real', join(base, 'link'));
  await expect(ensurePrivateFolder(join(base, 'link'))).rejects.toMatchObject(unsafe(join(base, 'link')));
  await writeFile(join(base, 'file'), '');
  await expect(ensurePrivateFolder(join(base, 'file'))).rejects.toMatchObject(unsafe(join(base, 'file')));
});

it.skipIf(process.getuid?.() !== 0)(
  'refuses what another user owns, itself or above (needs root)',
  async () => {
    const path = join(base, 'a');
    await mkdir(path, { mode: 0o700 });
    await chown(path, 65_534, 65_534);
    await expect(ensurePrivateFolder(path)).rejects.toMatchObject(unsafe(path));
    await expect(ensurePrivateFolder(join(path, 'b'))).rejects.toMatchObject(unsafe(path));
  },
);
