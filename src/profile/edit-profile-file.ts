import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { type Ownership, whyNotOwn } from '../base/file-owner.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import { editProfileText } from './edit-profile-text.ts';
import type { EditOptions } from './profile-edit.ts';
import { maxProfileFileBytes } from './read-profile-file.ts';

/** How often an edit is done anew on what another program has written in the meantime. */
const maxAttempts = 3;

/**
 * Edits a profile file in place, or makes it, private to the user. What another program writes meanwhile is never lost: the edit is
 * done again on it. Throws SP-PROFILE-EDIT, SP-PROFILE-EDIT-CONFLICT when the file does not rest, and what the file system throws.
 */
export async function editProfileFile(edit: ProfileEdit, options: EditOptions): Promise<void> {
  const { file } = options;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const before = await contentOf(options);
    const edited = editProfileText(before, edit, options);
    if (edited === before) return;
    try {
      // The last look is right before the rename: what remains is shorter than any program takes to write a file.
      return await replaceFile(file, edited, { beforeRename: () => mustBe(options, before) });
    } catch (error) {
      if (AppError.from(error).code !== 'SP-PROFILE-EDIT-CONFLICT') throw error;
      if (attempt === maxAttempts) throw error;
    }
  }
}

async function mustBe(options: EditOptions, expected: string | undefined): Promise<void> {
  const { file } = options;
  if ((await contentOf(options)) !== expected) throw new AppError('SP-PROFILE-EDIT-CONFLICT', { file });
}

/** What somebody else wrote must not become the user's own by an edit. */
async function contentOf({ file, origin, uid }: EditOptions): Promise<string | undefined> {
  const refuse = origin === 'own' ? (found: Ownership) => whyNotOwn(found, uid) : undefined;
  const read = await readBounded(file, maxProfileFileBytes, refuse);
  switch (read.kind) {
    case 'text':
      return read.text;
    case 'absent':
      return undefined;
    case 'refused':
      throw new AppError('SP-PROFILE-EDIT', { file, message: `it ${read.why}` });
  }
}
