import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { plain } from '../base/plain.ts';
import type { GitSourceSettings } from '../contract/profile-file.ts';
import { GitScratch } from './git-scratch.ts';
import { type KeptCommit, readKept, writeKept } from './kept-commit.ts';
import type { SourceFile } from './source-file.ts';

/** A repository of profiles takes kilobytes; what is larger is something else. */
const maxRepositoryBytes = 200 * 1024 * 1024;

export interface GitSourceOptions {
  /** As in the settings; for sentences. */
  readonly name: string;
  readonly settings: GitSourceSettings;
  /** Under which each repository has a folder of its own. */
  readonly cache: string;
  readonly clock: Clock;
  readonly environment: NodeJS.ProcessEnv;
  /** Of one fetch, as git packs it. Default 200 MiB. */
  readonly maxBytes?: number;
}

export interface GitCommit {
  readonly commit: string;
  readonly files: readonly SourceFile[];
}

export type CurrentCommit =
  | ({ readonly kind: 'kept' } & GitCommit)
  /** Before the first pull. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'damaged'; readonly why: string };

/**
 * Profiles from a git repository. Two commits are kept, each as one file of texts: the one in use, and the one fetched last, which does
 * not count before it is accepted. Reading them neither runs git nor waits for a fetch.
 */
export class GitSource {
  readonly #options: GitSourceOptions;
  readonly #folder: string;
  readonly #currentFile: string;
  readonly #fetchedFile: string;
  /** They share a scratch folder. */
  readonly #pulls = pLimit(1);

  constructor(options: GitSourceOptions) {
    const { cache, settings } = options;
    this.#options = options;
    // Of address, branch and path: other settings are another source, and never inherit what was accepted of this one.
    const key = createHash('sha256').update(settingsText(settings)).digest('hex').slice(0, 32);
    this.#folder = join(cache, key);
    this.#currentFile = join(this.#folder, 'current.json');
    this.#fetchedFile = join(this.#folder, 'fetched.json');
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
   * Throws SP-PROFILE-SOURCE; what was kept before then stays as it is.
   */
  pull(signal?: AbortSignal): Promise<string> {
    return this.#pulls(() => this.#pull(signal));
  }

  /** The commit in use, and a fetched one that is not in use yet. */
  async kept(): Promise<{ readonly current: CurrentCommit; readonly pending: GitCommit | undefined }> {
    const [current, fetched] = await Promise.all([readKept(this.#currentFile), readKept(this.#fetchedFile)]);
    const isPending =
      fetched.kind === 'kept' && !(current.kind === 'kept' && current.commit === fetched.commit);
    return {
      current: current.kind === 'kept' ? { kind: 'kept', ...this.#named(current) } : current,
      pending: isPending ? this.#named(fetched) : undefined,
    };
  }

  /** Puts the fetched commit to use, if it is still the one that was shown. Throws SP-PROFILE-STALE when it is another. */
  async accept(commit: string): Promise<void> {
    const { name } = this.#options;
    const fetched = await readKept(this.#fetchedFile);
    if (fetched.kind !== 'kept' || fetched.commit !== commit)
      throw new AppError('SP-PROFILE-STALE', { profile: `the change of ${name}` });
    await writeKept(this.#currentFile, fetched, name);
  }

  async #pull(signal: AbortSignal | undefined): Promise<string> {
    const { maxBytes = maxRepositoryBytes, name, settings, clock, environment } = this.#options;
    signal?.throwIfAborted();
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // Two names in the settings may mean one repository.
    const folder = join(this.#folder, `fetching-${name}`);
    await using scratch = new GitScratch({
      name,
      settings,
      location: this.location,
      folder,
      maxBytes,
      clock,
      environment,
    });
    await scratch.start(signal);
    const [current, known] = await Promise.all([readKept(this.#currentFile), readKept(this.#fetchedFile)]);
    // Nothing of an earlier fetch is there to build on: one look spares the download at most intervals.
    if (known.kind === 'kept' && current.kind !== 'absent') {
      if ((await scratch.look(signal)) === known.commit) return known.commit;
    }
    const fetched = await scratch.fetch(signal);
    // In this order: what a kill in between leaves behind is a commit in use and none that waits.
    if (current.kind === 'absent') await writeKept(this.#currentFile, fetched, name);
    await writeKept(this.#fetchedFile, fetched, name);
    return fetched.commit;
  }

  #named({ commit, entries }: KeptCommit): GitCommit {
    const { name } = this.#options;
    const files = entries.map((entry): SourceFile => {
      // It is shown where somebody agrees to what the file holds, and is a stranger's.
      const file = entry.path === '' ? name : `${name}@${commit.slice(0, 8)}:${plain(entry.path)}`;
      return 'text' in entry ? { file, text: entry.text } : { file, why: entry.why };
    });
    return { commit, files };
  }
}

function settingsText({ git, branch, tag, path }: GitSourceSettings): string {
  return JSON.stringify([git, branch, tag, path]);
}
