/**
 * Profiles from a git repository. Trust boundary: the repository is a stranger's. It is fetched into a bare repository and its files
 * are read as objects: nothing is checked out, so links, hooks, submodules, filters and attributes in it have nowhere to act. What was
 * fetched does not count before it is accepted.
 */
import { createHash } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import pLimit from 'p-limit';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { GitSourceSettings } from '../contract/profile-file.ts';
import { GitCommand } from './git-command.ts';
import { maxProfileFileBytes } from './read-profile-file.ts';
import { isProfileFileName, maxSourceFiles, type SourceFile, type SourceFiles } from './source-file.ts';

/** A repository of profiles takes kilobytes; what is larger is something else. */
const maxRepositoryKib = 200 * 1024;

const currentRef = 'refs/sallyport/current';
const fetchedRef = 'refs/sallyport/fetched';

export interface GitSourceOptions {
  /** As in the settings; for sentences. */
  readonly name: string;
  readonly settings: GitSourceSettings;
  /** Under which each repository has a folder of its own. */
  readonly cache: string;
  readonly clock: Clock;
  readonly environment: NodeJS.ProcessEnv;
}

export class GitSource {
  readonly #options: GitSourceOptions;
  readonly #folder: string;
  readonly #git: GitCommand;
  /** Git locks its refs: one command after another. */
  readonly #turn = pLimit(1);
  /** By commit, which never changes; the one in use and the one fetched. */
  readonly #read = new Map<string, SourceFiles>();

  constructor(options: GitSourceOptions) {
    const { cache, clock, environment, name, settings } = options;
    this.#options = options;
    // Of address, branch and path: other settings are another source, and never inherit what was accepted of this one.
    const key = createHash('sha256').update(settingsText(settings)).digest('hex').slice(0, 32);
    this.#folder = join(cache, key);
    this.#git = new GitCommand({
      folder: this.#folder,
      source: name,
      location: this.location,
      clock,
      environment,
    });
  }

  /** The interval is none of its business. */
  hasSettings(settings: GitSourceSettings): boolean {
    return settingsText(settings) === settingsText(this.#options.settings);
  }

  /** The repository's address without what may be a password. */
  get location(): string {
    return this.#options.settings.git.replace(/:\/\/[^/\s@]*@/, '://');
  }

  /**
   * Fetches what the branch or tag has now, and returns its commit. The first fetch counts at once: nothing of it was in use before.
   * Throws SP-PROFILE-SOURCE.
   */
  pull(signal?: AbortSignal): Promise<string> {
    return this.#turn(async () => {
      await this.#initialize(signal);
      const { git, branch, tag } = this.#options.settings;
      const remote = tag ? `refs/tags/${tag}` : branch ? `refs/heads/${branch}` : 'HEAD';
      await this.#git.run(
        [
          'fetch',
          '--depth=1',
          '--no-tags',
          '--force',
          '--no-recurse-submodules',
          '--no-write-fetch-head',
          '--end-of-options',
          git,
          `+${remote}:${fetchedRef}`,
        ],
        signal,
      );
      await this.#checkSize(signal);
      const fetched = await this.#commit(fetchedRef);
      if (fetched === undefined) throw this.#failed('it has no commit');
      if ((await this.#commit(currentRef)) === undefined) await this.#setCurrent(fetched);
      return fetched;
    });
  }

  /** The commit in use, undefined before the first pull. */
  current(): Promise<string | undefined> {
    return this.#turn(() => this.#commit(currentRef));
  }

  /** A fetched commit that is not in use yet. */
  pending(): Promise<string | undefined> {
    return this.#turn(async () => {
      const [current, fetched] = [await this.#commit(currentRef), await this.#commit(fetchedRef)];
      return fetched === current ? undefined : fetched;
    });
  }

  /** Puts the fetched commit to use, if it is still the one that was shown. Throws SP-PROFILE-STALE when it is another. */
  accept(commit: string): Promise<void> {
    return this.#turn(async () => {
      if ((await this.#commit(fetchedRef)) !== commit) {
        throw new AppError('SP-PROFILE-STALE', { profile: `the change of ${this.#options.name}` });
      }
      await this.#setCurrent(commit);
    });
  }

  /** The files of a commit, as objects of the repository. */
  files(commit: string): Promise<SourceFiles> {
    return this.#turn(async () => {
      const known = this.#read.get(commit);
      if (known) return known;
      try {
        const files = await this.#filesOf(commit);
        if (this.#read.size >= 2) this.#read.clear();
        this.#read.set(commit, { state: 'read', files });
        return { state: 'read', files };
      } catch (error) {
        return { state: 'unreadable', why: String(AppError.from(error).details.message) };
      }
    });
  }

  async #filesOf(commit: string): Promise<SourceFile[]> {
    const { name, settings } = this.#options;
    const folder = posix.normalize(settings.path ?? '.').replace(/^\.?\/?|\/$/g, '');
    const isFile = isProfileFileName(posix.basename(folder));
    const within = folder === '' ? [] : ['--', isFile ? folder : `${folder}/`];
    const listing = await this.#git.run(['ls-tree', '-z', '--long', '--full-tree', commit, ...within]);
    const entries = parseTree(listing).filter(({ path }) => isProfileFileName(posix.basename(path)));
    const files: SourceFile[] = [];
    for (const entry of entries.slice(0, maxSourceFiles)) {
      const file = `${name}@${commit.slice(0, 8)}:${entry.path}`;
      const why = whyNotRead(entry);
      if (why !== undefined) files.push({ file, why });
      else files.push({ file, text: await this.#git.run(['cat-file', 'blob', entry.object]) });
    }
    if (entries.length > maxSourceFiles) {
      files.push({ file: name, why: `holds more than ${maxSourceFiles} files; the others are not read` });
    }
    return files;
  }

  async #initialize(signal: AbortSignal | undefined): Promise<void> {
    if (await stat(join(this.#folder, 'HEAD')).catch(() => undefined)) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // Without a template: the user's may bring hooks.
    await this.#git.run(['init', '--quiet', '--bare', '--template=', '.'], signal);
  }

  async #checkSize(signal: AbortSignal | undefined): Promise<void> {
    const counts = await this.#git.run(['count-objects', '-v'], signal);
    const sizeKib = [...counts.matchAll(/^size(?:-pack)?: (\d+)$/gm)].reduce(
      (sum, [, kib]) => sum + Number(kib),
      0,
    );
    if (sizeKib <= maxRepositoryKib) return;
    await rm(this.#folder, { recursive: true, force: true });
    throw this.#failed(`it is larger than ${maxRepositoryKib / 1024} MiB`);
  }

  async #commit(ref: string): Promise<string | undefined> {
    if (!(await stat(join(this.#folder, 'HEAD')).catch(() => undefined))) return undefined;
    const refs = await this.#git.run([
      'for-each-ref',
      '--format=%(refname) %(objectname) %(*objectname)',
      'refs/sallyport/',
    ]);
    const line = refs.split('\n').find((candidate) => candidate.startsWith(`${ref} `));
    const [, object, peeled] = line?.split(' ') ?? [];
    return peeled || object || undefined;
  }

  async #setCurrent(commit: string): Promise<void> {
    await this.#git.run(['update-ref', currentRef, commit]);
  }

  #failed(message: string): AppError {
    return new AppError('SP-PROFILE-SOURCE', { source: this.#options.name, message });
  }
}

interface TreeEntry {
  readonly mode: string;
  readonly object: string;
  readonly sizeBytes: number;
  readonly path: string;
}

/** `MODE TYPE OBJECT SIZE<TAB>PATH`, each ended by NUL (git-ls-tree). */
function parseTree(listing: string): TreeEntry[] {
  return listing.split('\0').flatMap((line) => {
    const [, mode, object, size, path] = /^(\d{6}) \w+ ([0-9a-f]{40,64}) +(\d+|-)\t(.+)$/s.exec(line) ?? [];
    return mode && object && size && path ? [{ mode, object, sizeBytes: Number(size), path }] : [];
  });
}

function whyNotRead({ mode, sizeBytes }: TreeEntry): string | undefined {
  if (mode === '120000') return 'is a link, which is not followed';
  if (!mode.startsWith('100')) return 'is not a file';
  return sizeBytes > maxProfileFileBytes ? `is larger than ${maxProfileFileBytes / 1024} KiB` : undefined;
}

function settingsText({ git, branch, tag, path }: GitSourceSettings): string {
  return JSON.stringify([git, branch, tag, path]);
}
