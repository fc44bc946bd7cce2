import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import pLimit from 'p-limit';
import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { parseDurationMs } from '../base/duration.ts';
import { FolderWatch, withTarget } from '../base/folder-watch.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log } from '../base/log.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import type { PolicyFloor } from '../contract/policy.ts';
import type { GitSourceSettings } from '../contract/profile-file.ts';
import type { ListedProfile, ProfileSnapshot } from '../contract/profile-snapshot.ts';
import { buildSnapshot, idOf, type LoadedSource } from './build-snapshot.ts';
import type { FileOrigin, TargetCheck } from './check-profile.ts';
import { editProfileFile } from './edit-profile-file.ts';
import { type FoundProfile, findProfile } from './find-profile.ts';
import { type FoundProject, findProjectFile } from './find-project-file.ts';
import { GitSource } from './git-source.ts';
import { loadSources } from './load-sources.ts';
import type { ProfileFile } from './read-profile-file.ts';
import { isProfileFileName } from './source-file.ts';
import { TrustStore } from './trust-store.ts';

const maxProjects = 64;
/** Timers hold 31 bits of milliseconds. */
const [shortestPullMs, longestPullMs] = [60_000, 24 * 3_600_000];

export interface ProfileStoreOptions {
  readonly userFile: string;
  readonly trustFile: string;
  readonly gitCache: string;
  readonly home: string;
  readonly uid?: number | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
  readonly checkTarget: TargetCheck;
  /** Whether a tunnel of a project's file is wanted: such a project is kept. Default: none is. */
  readonly isProjectInUse?: (file: string) => boolean;
  /** What bounds all profiles, asked for with each load. Default: nothing. */
  readonly floor?: () => PolicyFloor;
  /** Named in the first line of files that are made here. */
  readonly schemaLocation: string;
}

export interface RefusedProfile {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** What stands there, whatever that is. */
  readonly value: unknown;
}

/** All profiles that the user has, from all sources, and what the user has agreed to. Reads nothing before `load`. */
export class ProfileStore implements AsyncDisposable {
  readonly #options: ProfileStoreOptions;
  readonly #trust: TrustStore;
  readonly #listeners = new Listeners<ProfileSnapshot>();
  /** Projects' files in the order of their coming, and when each was used last, by a count. */
  readonly #projects = new Map<string, number>();
  #uses = 0;
  readonly #gits = new Map<string, GitSource>();
  /** Loads, edits and agreements, one after another: each sees what the one before did. */
  readonly #turn = pLimit(1);
  readonly #ended = new AbortController();
  readonly #pulls = new Map<string, { readonly every: string; readonly timer: Timer }>();
  readonly #pulling = new Set<Promise<unknown>>();
  #sources: readonly LoadedSource[] = [];
  #snapshot: ProfileSnapshot = buildSnapshot({
    sequence: 0,
    sources: [],
    judge: () => ({ kind: 'untrusted' }),
    floor: {},
  });
  #content = '';
  #watch: FolderWatch | undefined;
  #watched = '';
  #watching = false;
  /** By name: why the last pull of a repository failed. */
  readonly #faults = new Map<string, string>();
  /** By path: what each file that there is held when it could be read. */
  readonly #readable = new Map<string, ProfileFile>();

  constructor(options: ProfileStoreOptions) {
    this.#options = options;
    this.#trust = new TrustStore(options.trustFile, options.clock);
  }

  /** As of the last load. */
  get snapshot(): ProfileSnapshot {
    return this.#snapshot;
  }

  /** Called with each snapshot that differs from the one before; the returned function ends that. */
  onChange(listener: (snapshot: ProfileSnapshot) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Reads all sources anew. What is wrong with them is in the snapshot; nothing of theirs makes this throw. */
  load(): Promise<ProfileSnapshot> {
    return this.#turn(() => this.#load());
  }

  /** From now on loads by itself when files change, and pulls repositories at their intervals. */
  async watch(): Promise<void> {
    // A folder that is not there cannot be watched, and the user's file may come later.
    await mkdir(dirname(this.#options.userFile), { recursive: true, mode: 0o700 });
    await mkdir(dirname(this.#options.trustFile), { recursive: true, mode: 0o700 });
    await this.#turn(async () => {
      this.#watching = true;
      await this.#load();
    });
  }

  /** Adds the project that a folder is in, if it is in one, and says where it was looked for. What was saved before counts from then on. */
  async addProject(folder: string): Promise<FoundProject> {
    const { home, uid } = this.#options;
    const found = await findProjectFile({ from: folder, home, uid });
    await this.#useProjects([found]);
    return found;
  }

  /** The same for several folders, with one load for all of them. What cannot be read is left out. */
  async addProjects(folders: readonly string[]): Promise<readonly FoundProject[]> {
    const { home, uid } = this.#options;
    const finding = await Promise.allSettled(folders.map((from) => findProjectFile({ from, home, uid })));
    const found = finding.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    await this.#useProjects(found);
    return found;
  }

  async #useProjects(found: readonly FoundProject[]): Promise<void> {
    const isNew = found.map(({ file }) => file !== undefined && this.#useProject(file));
    if (isNew.includes(true)) await this.load();
    else await this.#catchUp();
  }

  /** Throws SP-PROFILE-LIMIT where it may be one of a project that is not read. */
  find(given: string, project?: string): FoundProfile {
    const found = findProfile(this.#snapshot, given, project);
    if (found.kind === 'unknown' && project !== undefined && !this.#projects.has(project)) {
      const what = `projects whose tunnels are wanted, so that ${project} is not read`;
      throw new AppError('SP-PROFILE-LIMIT', { what, limit: maxProjects });
    }
    return found;
  }

  /** A profile of the user's own file that is refused, as it stands there; undefined where there is none, or it may hold a secret. */
  refusedOwn(id: string): RefusedProfile | undefined {
    // The user's own file is the first source, and its only one.
    const own = this.#sources[0]?.files[0];
    const name = own?.content.refused.find((each) => idOf('user', each) === id);
    const value = name === undefined ? undefined : own?.content.refusedValue(name);
    if (!own || name === undefined || value === undefined) return undefined;
    return { name, file: own.file, line: own.content.place(['profiles', name]).line, value };
  }

  /**
   * Agrees to a profile as it was shown: `hash` is that of the ListedProfile. Throws SP-PROFILE-UNKNOWN, and SP-PROFILE-STALE when it
   * is not the same any more.
   */
  agree(id: string, hash: string): Promise<ProfileSnapshot> {
    return this.#turn(async () => {
      await this.#load();
      const profile = this.#listed(id);
      if (profile.hash !== hash) throw new AppError('SP-PROFILE-STALE', { profile: id });
      if (profile.sourceKind !== 'user') await this.#trust.agree(this.#identity(profile), profile.written);
      return this.#load();
    });
  }

  /** Takes an agreement back. Throws SP-PROFILE-UNKNOWN. */
  withdraw(id: string): Promise<ProfileSnapshot> {
    return this.#turn(async () => {
      await this.#trust.withdraw(this.#identity(this.#listed(id)));
      return this.#load();
    });
  }

  /** Edits the user's own file, or a project's. Throws what editProfileFile throws. */
  edit(edit: ProfileEdit, file = this.#options.userFile): Promise<ProfileSnapshot> {
    const { userFile, uid, checkTarget, schemaLocation } = this.#options;
    const origin: FileOrigin = file === userFile ? 'own' : 'shared';
    return this.#turn(async () => {
      await editProfileFile(edit, { file, origin, uid, checkTarget, schemaLocation });
      return this.#load();
    });
  }

  /** Fetches a git source; what it brings is pending until accepted. Throws SP-PROFILE-SOURCE, also where there is no such source. */
  async pull(name: string, signal?: AbortSignal): Promise<ProfileSnapshot> {
    const until = signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal;
    try {
      await this.#git(name).pull(until);
      this.#faults.delete(name);
    } catch (error) {
      if (!until.aborted && this.#gits.has(name)) {
        this.#faults.set(name, AppError.from(error).message);
        await this.load();
      }
      throw error;
    }
    return this.load();
  }

  /** Puts a pending commit to use. Throws SP-PROFILE-STALE when it is not what is pending any more. */
  async accept(name: string, commit: string): Promise<ProfileSnapshot> {
    await this.#git(name).accept(commit);
    return this.load();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(
      new AppError('SP-PROFILE-SOURCE', { source: 'a source', message: 'Sallyport is ending' }),
    );
    this.#watching = false;
    this.#watch?.[Symbol.dispose]();
    for (const { timer } of this.#pulls.values()) timer.cancel();
    this.#pulls.clear();
    await Promise.allSettled(this.#pulling);
    await this.#turn(async () => {});
  }

  /** Whether it is new. One more than the limit takes the place of the one used longest ago, if there is one without wanted tunnels. */
  #useProject(file: string): boolean {
    const isNew = !this.#projects.has(file);
    if (isNew && this.#projects.size >= maxProjects) {
      const { isProjectInUse = () => false } = this.#options;
      const idle = [...this.#projects].filter(([known]) => !isProjectInUse(known));
      const [oldest] = idle.sort(([, a], [, b]) => a - b);
      if (!oldest) return false;
      this.#projects.delete(oldest[0]);
    }
    this.#projects.set(file, this.#uses++);
    return isNew;
  }

  /** A change that still settles, or is being read, is waited for: who saves a file and types a command means the file as saved. */
  async #catchUp(): Promise<void> {
    this.#watch?.flush();
    await this.#turn(async () => {});
  }

  async #load(): Promise<ProfileSnapshot> {
    const { userFile, uid, home, checkTarget } = this.#options;
    await this.#trust.load();
    const seen = new Set<string>();
    const loaded = await loadSources({
      userFile,
      uid,
      projects: [...this.#projects.keys()],
      home,
      checkTarget,
      remember: (file, content) => {
        seen.add(file);
        return this.#remember(file, content);
      },
      gitSource: (name, settings) => this.#gitSource(name, settings),
    });
    for (const file of this.#readable.keys()) if (!seen.has(file)) this.#readable.delete(file);
    this.#sources = loaded.map((source) => this.#withFault(source));
    const sequence = this.#snapshot.sequence + 1;
    const judge: TrustStore['judge'] = (identity, profile) => this.#trust.judge(identity, profile);
    const snapshot = buildSnapshot({
      sequence,
      sources: this.#sources,
      judge,
      floor: this.#options.floor?.() ?? {},
    });
    this.#follow();
    const content = JSON.stringify({ ...snapshot, sequence: 0 });
    if (content === this.#content) return this.#snapshot;
    this.#content = content;
    this.#snapshot = snapshot;
    this.#listeners.emit(snapshot);
    return snapshot;
  }

  /** What was fetched before still counts; that nothing new comes is said. */
  #withFault(source: LoadedSource): LoadedSource {
    const message = this.#faults.get(source.key);
    if (message === undefined || source.kind !== 'git') return source;
    const { location: file, problems } = source;
    const fault = { file, line: 1, column: 1, at: '', message, severity: 'warning' } as const;
    return { ...source, problems: [...problems, fault] };
  }

  /** Who saves a half-written file must not lose ports and sources by it: what was read last counts until it can be read again. */
  #remember(file: string, content: ProfileFile): ProfileFile {
    if (content.readable) {
      this.#readable.set(file, content);
      return content;
    }
    const last = this.#readable.get(file);
    return last ? { ...last, problems: content.problems } : content;
  }

  #listed(id: string): ListedProfile {
    const profile = this.#snapshot.profiles.find((candidate) => candidate.id === id);
    if (!profile) throw new AppError('SP-PROFILE-UNKNOWN', { profile: id });
    return profile;
  }

  #identity({ source, name }: ListedProfile): { origin: string; name: string } {
    const origin = this.#sources.find(({ key }) => key === source)?.origin ?? source;
    return { origin, name };
  }

  #git(name: string): GitSource {
    const git = this.#gits.get(name);
    if (!git)
      throw new AppError('SP-PROFILE-SOURCE', {
        source: name,
        message: 'it is no git repository of your settings',
      });
    return git;
  }

  /** The one that there is, unless its settings have changed. */
  #gitSource(name: string, settings: GitSourceSettings): GitSource {
    const { gitCache, clock, environment } = this.#options;
    const known = this.#gits.get(name);
    if (known?.hasSettings(settings)) return known;
    const source = new GitSource({ name, settings, cache: gitCache, clock, environment });
    this.#gits.set(name, source);
    return source;
  }

  /** Watches and pulls what the settings name now. */
  #follow(): void {
    const settings = this.#sources[0]?.files[0]?.content.sources ?? {};
    for (const name of this.#gits.keys()) {
      if (name in settings) continue;
      this.#gits.delete(name);
      this.#faults.delete(name);
    }
    if (!this.#watching) return;
    this.#watchFolders();
    for (const [name, { timer, every }] of this.#pulls) {
      const source = settings[name];
      if (source && 'git' in source && source.every === every) continue;
      timer.cancel();
      this.#pulls.delete(name);
    }
    for (const [name, source] of Object.entries(settings)) {
      if ('git' in source && source.every !== undefined && !this.#pulls.has(name))
        this.#pullLater(name, source.every);
    }
  }

  #pullLater(name: string, every: string): void {
    const { clock, log } = this.#options;
    const intervalMs = Math.min(Math.max(parseDurationMs(every) ?? 0, shortestPullMs), longestPullMs);
    const timer = clock.after(intervalMs, () => {
      const pulling = this.pull(name)
        .catch((error) =>
          log.warn('source-not-pulled', { source: name, error: AppError.from(error).message }),
        )
        .finally(() => {
          this.#pulling.delete(pulling);
          // Unless its settings have changed meanwhile, and with them its time.
          if (this.#watching && this.#pulls.get(name)?.timer === timer) this.#pullLater(name, every);
        });
      this.#pulling.add(pulling);
    });
    this.#pulls.set(name, { every, timer });
  }

  #watchFolders(): void {
    const { userFile, trustFile, clock, log } = this.#options;
    const files = [userFile, trustFile, ...this.#projects.keys()].flatMap(withTarget);
    const named = this.#sources.filter(({ kind }) => kind === 'folder').map(({ location }) => location);
    const folders = new Set([...files.map((file) => dirname(file)), ...named]);
    const names = new Set(files.map((file) => basename(file)));
    const watched = JSON.stringify([...folders, ...names]);
    if (watched === this.#watched) return;
    this.#watched = watched;
    this.#watch?.[Symbol.dispose]();
    const counts = (name: string) => names.has(name) || isProfileFileName(name);
    const onChange = () =>
      void this.load().catch((error) => log.warn('profiles-not-loaded', { error: String(error) }));
    this.#watch = new FolderWatch({
      folders,
      counts,
      clock,
      onChange,
      onUnwatched: (at) => log.warn('folder-not-watched', at),
    }).start();
  }
}
