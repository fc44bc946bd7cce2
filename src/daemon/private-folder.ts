/**
 * Trust boundary: what lies in these folders decides which tunnels open and who may command them, so nobody else may write there, nor
 * anywhere above. On any doubt the daemon does not start.
 */
import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { othersMayWrite } from '../base/file-owner.ts';

const sticky = 0o1000;

/**
 * Makes a folder that is this user's alone (0700), unless it is there. `readable`: one that is there may be read by others and be a link,
 * as a folder of dotfiles is. Throws SP-FOLDER-UNSAFE where another user owns it or could replace it.
 */
export async function ensurePrivateFolder(given: string, { readable = false } = {}): Promise<void> {
  const uid = process.getuid?.();
  const path = readable ? await realpath(given).catch(() => given) : given;
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new AppError('SP-FOLDER-UNSAFE', { path, message: `it cannot be made (${error.code})` }, error);
  });
  // Windows gives a user's folders to that user by their place.
  if (uid === undefined) return;
  const found = await lstat(path);
  const refuse = (message: string, at = path): never => {
    throw new AppError('SP-FOLDER-UNSAFE', { path: at, message });
  };
  if (!found.isDirectory()) refuse('it is not a folder');
  if (found.uid !== uid) refuse(`it belongs to user ${found.uid}`);
  if (found.mode & 0o022) refuse('others may write to it');
  if (!readable && (found.mode & 0o777) !== 0o700) await chmod(path, 0o700);
  // What is above by its real path: a link could lead past a folder that was looked at.
  const real = await realpath(path);
  for (let above = dirname(real); ; above = dirname(above)) {
    const found = await lstat(above);
    if (found.uid !== uid && found.uid !== 0) refuse(`it belongs to user ${found.uid}`, above);
    // In a folder like /tmp others may add, but not replace what is this user's.
    if (othersMayWrite(found, uid) && !(found.mode & sticky)) refuse('others may write to it', above);
    if (dirname(above) === above) return;
  }
}
