import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { editProfileFile } from './edit-profile-file.ts';
import type { EditOptions } from './profile-edit.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edit-profile-'));
});
afterEach(() => rm(folder, { recursive: true }));

const profile = { cluster: { context: 'prod' }, namespace: 'shop', target: 'service/web', port: 80 };

/** Each look at the target is a moment at which another program may write. */
function options(onLook: (look: number) => void): EditOptions {
  let look = 0;
  return {
    file: join(folder, 'profiles.yaml'),
    origin: 'own',
    schemaLocation: './s.json',
    checkTarget: () => {
      onLook(++look);
      return undefined;
    },
  };
}

it('does its edit again on what another program wrote while it worked, and loses neither', async () => {
  const file = join(folder, 'profiles.yaml');
  await writeFile(file, 'version: 1\n');
  const { writeFileSync } = await import('node:fs');
  const edit = options((look) => {
    if (look === 1) writeFileSync(file, 'version: 1\n# of another program\nprofiles: {}\n');
  });
  await editProfileFile({ kind: 'add', name: 'web', profile }, edit);
  const text = await readFile(file, 'utf8');
  expect(text).toContain('# of another program');
  expect(text).toContain('web:');
  expect(await readdir(folder)).toEqual(['profiles.yaml']);
});

it('gives up on a file that does not rest, and leaves it as the other program wrote it', async () => {
  const file = join(folder, 'profiles.yaml');
  await writeFile(file, 'version: 1\n');
  const { writeFileSync } = await import('node:fs');
  const edit = options((look) => writeFileSync(file, `version: 1\n# ${look}\n`));
  await expect(editProfileFile({ kind: 'add', name: 'web', profile }, edit)).rejects.toMatchObject({
    code: 'SP-PROFILE-EDIT-CONFLICT',
  });
  expect(await readFile(file, 'utf8')).toBe('version: 1\n# 3\n');
  expect(await readdir(folder)).toEqual(['profiles.yaml']);
});
