/**
 * What the single executable carries besides its own code. Trust boundary: an add-on is code that this process will run, and the system
 * loads it from a path alone. So it is put into a folder of this user's alone, under the hash of its content, and each process
 * compares what lies there with what it carries before it loads it. On any doubt it is not loaded.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { getAsset, getAssetKeys, isSea } from 'node:sea';
import { AppError } from './app-error.ts';
import { appFolders } from './app-folders.ts';
import { othersMayWrite } from './file-owner.ts';

const sticky = 0o1000;

/** Whether this process is the executable that needs no Node beside it. */
export const isSingleExecutable = isSea;

/**
 * Loads an add-on that the executable carries. Synchronous, as require() is. Throws SP-FOLDER-UNSAFE, or what the system says.
 * @public It is called from what build/executable puts in the place of libraries' own look for their add-ons.
 */
export function loadCarriedAddon(name: string): unknown {
  const carried: { exports: unknown } = { exports: {} };
  process.dlopen(carried, putDown(join(appFolders().cache, 'carried'), name, carriedBytes(name)));
  return carried.exports;
}

/** The files whose names begin with a prefix, put into a folder; its path. Undefined where none is carried. */
export function carriedFolder(prefix: string): string | undefined {
  if (!isSea()) return undefined;
  const names = getAssetKeys().filter((name) => name.startsWith(prefix));
  if (names.length === 0) return undefined;
  const files = names.map((name) => ({ name, bytes: carriedBytes(name) }));
  const hash = createHash('sha256');
  for (const { name, bytes } of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  const folder = join(appFolders().cache, 'carried', hash.digest('hex').slice(0, 32));
  for (const { name, bytes } of files) {
    const path = join(folder, name.slice(prefix.length));
    ensurePrivate(folder);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    putFile(path, bytes);
  }
  return folder;
}

function carriedBytes(name: string): Uint8Array {
  return new Uint8Array(getAsset(name));
}

/** FOLDER/HASH/NAME with this content; its path. Exported for tests: the executable gives its own cache folder. */
export function putDown(folder: string, name: string, bytes: Uint8Array): string {
  const own = join(folder, createHash('sha256').update(bytes).digest('hex').slice(0, 32));
  ensurePrivate(own);
  const path = join(own, basename(name));
  putFile(path, bytes);
  return path;
}

/** Left as it is where it is there and right: another process may have it loaded. */
function putFile(path: string, bytes: Uint8Array): void {
  if (isAsCarried(path, bytes)) return;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    // Windows replaces no file that is loaded: another process was first, with the same.
    if (!isAsCarried(path, bytes)) throw error;
  }
}

function isAsCarried(path: string, bytes: Uint8Array): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch {
    return false;
  }
  try {
    const found = fstatSync(descriptor);
    const uid = process.getuid?.();
    const isOwn = uid === undefined || (found.uid === uid && !othersMayWrite(found, uid));
    return isOwn && found.isFile() && found.size === bytes.length && readFileSync(descriptor).equals(bytes);
  } finally {
    closeSync(descriptor);
  }
}

/** 0700, this user's, and nobody else could put another in its place. Windows gives a user's folders to that user by their place. */
function ensurePrivate(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const uid = process.getuid?.();
  if (uid === undefined) return;
  const real = realpathSync(folder);
  for (let path = real; ; path = dirname(path)) {
    const found = lstatSync(path);
    const isOwn = found.uid === uid || (path !== real && found.uid === 0);
    const isShared = othersMayWrite(found, uid) && (path === real || !(found.mode & sticky));
    if (!isOwn || isShared) {
      const message = isOwn ? 'others may write to it' : `it belongs to user ${found.uid}`;
      throw new AppError('SP-FOLDER-UNSAFE', { path, message });
    }
    if (dirname(path) === path) return;
  }
}
