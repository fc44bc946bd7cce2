/**
 * One fetch from a git repository. Trust boundary: the repository is a stranger's. It is fetched into a bare repository that lasts as
 * long as the fetch, and its files are read as objects: nothing is checked out, so links, hooks, submodules, filters and attributes in
 * it have nowhere to act. It may fill the disk only up to a limit, and nothing of it stays but the text of its profiles.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { GitSourceSettings } from '../contract/profile-file.ts';
import { GitCommand } from './git-command.ts';
import { splitGitAddress } from './git-login.ts';
import type { KeptCommit, KeptEntry } from './kept-commit.ts';
import { maxProfileFileBytes } from './read-profile-file.ts';
import { isProfileFileName, maxSourceFiles } from './source-file.ts';

/** How often the size of what comes is looked at. */
const sizeEveryMs = 250;
const fetchedRef = 'refs/sallyport/fetched';

export interface GitScratchOptions {
  /** As in the settings; for sentences. */
  readonly name: string;
  readonly settings: GitSourceSettings;
  /** Its address without a password; for sentences. */
  readonly location: string;
  /** Made anew, and removed at the end. */
  readonly folder: string;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly environment: NodeJS.ProcessEnv;
}

export class GitScratch implements AsyncDisposable {
  readonly #options: GitScratchOptions;
  readonly #git: GitCommand;
  /** Of the repository, without a login. */
  readonly #address: string;
  readonly #remote: string;

  constructor(options: GitScratchOptions) {
    const { folder, name, location, clock, environment } = options;
    const { branch, tag } = options.settings;
    this.#options = options;
    const { address, login } = splitGitAddress(options.settings.git);
    this.#address = address;
    this.#git = new GitCommand({ folder, source: name, location, clock, environment, login });
    this.#remote = tag ? `refs/tags/${tag}` : branch ? `refs/heads/${branch}` : 'HEAD';
  }

  async start(signal?: AbortSignal): Promise<this> {
    const { folder } = this.#options;
    // One that a killed process left behind.
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Without a template: the user's may bring hooks.
    await this.#git.run(['init', '--quiet', '--bare', '--template=', '.'], signal);
    return this;
  }

  /** The commit that the branch or tag is at, without fetching it; undefined where there is none. Throws SP-PROFILE-SOURCE. */
  async look(signal?: AbortSignal): Promise<string | undefined> {
    // An annotated tag is an object of its own; its commit is under the peeled name.
    const names = [`${this.#remote}^{}`, this.#remote];
    const listing = await this.#git.run(['ls-remote', '--end-of-options', this.#address, ...names], signal);
    const refs = new Map(
      listing.split('\n').map((line): [string, string] => {
        const [object = '', name = ''] = line.split('\t');
        return [name, object];
      }),
    );
    return names.map((name) => refs.get(name)).find((object) => object !== undefined);
  }

  /** Fetches that commit and reads its profiles. Throws SP-PROFILE-SOURCE, also when the repository is too large. */
  async fetch(signal?: AbortSignal): Promise<KeptCommit> {
    await this.#limited(signal, (until) =>
      this.#git.run(
        [
          // As a pack however small it is: all that comes is then in one folder.
          ...['-c', 'fetch.unpackLimit=1'],
          ...['fetch', '--depth=1', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'],
          ...['--end-of-options', this.#address, `+${this.#remote}:${fetchedRef}`],
        ],
        until,
      ),
    );
    const commit = (await this.#git.run(['rev-parse', '--verify', `${fetchedRef}^{commit}`], signal)).trim();
    return { commit, entries: await this.#entries(commit, signal) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What cannot be removed now is removed at the next start.
    await rm(this.#options.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }

  async #limited(
    signal: AbortSignal | undefined,
    run: (until: AbortSignal) => Promise<unknown>,
  ): Promise<void> {
    const { clock, name, maxBytes } = this.#options;
    const ended = new AbortController();
    const tooLarge = new AbortController();
    const check = async () => {
      if ((await this.#sizeBytes()) <= maxBytes) return;
      const message = `it is larger than ${maxBytes / 1024 / 1024} MiB`;
      tooLarge.abort(new AppError('SP-PROFILE-SOURCE', { source: name, message }));
    };
    let timer: Timer | undefined;
    const later = () => {
      if (ended.signal.aborted || tooLarge.signal.aborted) return;
      timer = clock.after(sizeEveryMs, () => void check().then(later));
    };
    later();
    try {
      await run(AbortSignal.any([tooLarge.signal, ...(signal ? [signal] : [])]));
      await check();
      tooLarge.signal.throwIfAborted();
    } finally {
      ended.abort();
      timer?.cancel();
    }
  }

  /** Of what has come so far; git writes it there as it comes. */
  async #sizeBytes(): Promise<number> {
    const packs = join(this.#options.folder, 'objects', 'pack');
    const names = await readdir(packs).catch(() => []);
    const sizes = names.map((file) =>
      stat(join(packs, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  async #entries(commit: string, signal: AbortSignal | undefined): Promise<KeptEntry[]> {
    const { settings } = this.#options;
    const folder = posix.normalize(settings.path ?? '.').replace(/^\.?\/?|\/$/g, '');
    const isFile = isProfileFileName(posix.basename(folder));
    const within = folder === '' ? [] : ['--', isFile ? folder : `${folder}/`];
    const listing = await this.#git.run(
      ['ls-tree', '-z', '--long', '--full-tree', commit, ...within],
      signal,
    );
    const found = parseTree(listing).filter(({ path }) => isProfileFileName(posix.basename(path)));
    const entries: KeptEntry[] = [];
    for (const entry of found.slice(0, maxSourceFiles)) {
      const { path, object } = entry;
      const why = whyNotRead(entry);
      if (why !== undefined) entries.push({ path, why });
      else entries.push({ path, text: await this.#git.run(['cat-file', 'blob', object], signal) });
    }
    if (found.length > maxSourceFiles) {
      entries.push({ path: '', why: `holds more than ${maxSourceFiles} files; the others are not read` });
    }
    return entries;
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
