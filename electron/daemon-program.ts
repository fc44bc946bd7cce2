/**
 * Which `sallyport` runs as the daemon. It lives longer than this app and than the version of it: an AppImage is unmounted when the app ends,
 * and on Windows a program that runs cannot be replaced. There a copy in the user's data runs; elsewhere the packed one itself, which is one
 * file that a running process keeps open when an update replaces it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export interface DaemonProgramOptions {
  /** The packed one. */
  readonly source: string;
  /** For copies; the user's own. */
  readonly folder: string;
  readonly version: string;
  readonly isCopied: boolean;
}

export function mustCopy(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return platform === 'win32' || (platform === 'linux' && Boolean(env.APPIMAGE));
}

/** The program's path. Copies of other versions are removed where nobody runs them. */
export async function daemonProgram(options: DaemonProgramOptions): Promise<string> {
  const { source, folder, version, isCopied } = options;
  if (!isCopied) return source;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const hash = await hashOf(source);
  const name = `${version}-${hash.slice(0, 16)}`;
  const path = join(folder, name, basename(source));
  if (!(await isSame(path, hash))) {
    const unfinished = join(folder, `${name}.${process.pid}.tmp`);
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    await copyFile(source, join(unfinished, basename(source)));
    await rm(join(folder, name), { recursive: true, force: true });
    await rename(unfinished, join(folder, name));
  }
  await removeOthers(folder, name);
  return path;
}

/** What somebody else put there, or a link, is not run. */
async function isSame(path: string, hash: string): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return found?.isFile() === true && (await hashOf(path)) === hash;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function removeOthers(folder: string, current: string): Promise<void> {
  for (const name of await readdir(folder)) {
    // Windows refuses for one that runs; on Linux it lives on without its name.
    if (name !== current) await rm(join(folder, name), { recursive: true, force: true }).catch(() => {});
  }
}
