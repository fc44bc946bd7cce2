import { realpath } from 'node:fs/promises';
import { expandHome } from '../base/home-path.ts';
import type { GitSourceSettings, SourceSettings } from '../contract/profile-file.ts';
import type { ProfileProblem } from '../contract/profile-snapshot.ts';
import type { LoadedFile, LoadedSource } from './build-snapshot.ts';
import type { FileOrigin, TargetCheck } from './check-profile.ts';
import type { GitCommit, GitSource } from './git-source.ts';
import { type ProfileFile, readProfileFile, unreadable } from './read-profile-file.ts';
import { readSourceFile, readSourceFolder, type SourceFiles } from './source-file.ts';

export interface LoadOptions {
  readonly userFile: string;
  readonly uid: number | undefined;
  /** Paths of projects' files, in order. */
  readonly projects: readonly string[];
  readonly home: string;
  readonly checkTarget: TargetCheck;
  /** What to take for a file that cannot be read now: what it held before, where that is known. */
  readonly remember: (file: string, content: ProfileFile) => ProfileFile;
  /** The one that belongs to a name in the settings. */
  readonly gitSource: (name: string, settings: GitSourceSettings) => GitSource;
}

/** All sources in their order: the user's own file, projects, then folders and repositories as the settings list them. They are read at one time. */
export async function loadSources(options: LoadOptions): Promise<LoadedSource[]> {
  const { userFile, uid, projects } = options;
  const own = await readSourceFile(userFile, { uid });
  const user = contents({ key: 'user', location: userFile, origin: 'own', read: own }, options);
  const named = Object.entries(user.files[0]?.content.sources ?? {});
  return [
    { ...user, key: 'user', kind: 'user', location: userFile, origin: 'user' },
    ...(await Promise.all([
      ...projects.map((file) => loadProject(file, options)),
      ...named.map(([name, settings]) => loadNamed(name, settings, options)),
    ])),
  ];
}

async function loadProject(file: string, options: LoadOptions): Promise<LoadedSource> {
  const origin = `project:${await realpath(file).catch(() => file)}`;
  const read = await readSourceFile(file);
  const loaded = contents({ key: file, location: file, origin: 'shared', read }, options);
  return { ...loaded, key: file, kind: 'project', location: file, origin };
}

type Contents = Pick<LoadedSource, 'state' | 'files' | 'problems'>;

async function loadNamed(
  name: string,
  settings: SourceSettings,
  options: LoadOptions,
): Promise<LoadedSource> {
  const { home } = options;
  if ('folder' in settings) {
    const folder = expandHome(settings.folder, home);
    const origin = `folder:${await realpath(folder).catch(() => folder)}`;
    const loaded = contents(
      { key: name, location: folder, origin: 'shared', read: await readSourceFolder(folder) },
      options,
    );
    const absent =
      loaded.state === 'absent' ? [problem(folder, `there is no folder ${folder}`, 'warning')] : [];
    const problems = [...loaded.problems, ...absent];
    return { ...loaded, problems, key: name, kind: 'folder', location: folder, origin };
  }
  return loadRepository(name, settings, options);
}

async function loadRepository(
  name: string,
  settings: GitSourceSettings,
  options: LoadOptions,
): Promise<LoadedSource> {
  const source = options.gitSource(name, settings);
  const { location } = source;
  const origin = `git:${location}#${settings.path ?? ''}`;
  const about = { key: name, kind: 'git', location, origin } as const;
  const { current, pending } = await source.kept();
  const read = ({ files }: GitCommit) =>
    contents({ key: name, location, origin: 'shared', read: { state: 'read', files } }, options);
  const fetched = pending && { commit: pending.commit, files: read(pending).files };
  const without = (state: LoadedSource['state'], message: string, severity: ProfileProblem['severity']) => ({
    ...about,
    state,
    files: [],
    problems: [problem(location, message, severity)],
    pending: fetched,
  });
  switch (current.kind) {
    case 'absent':
      return without('absent', `${name} was not fetched yet: pull it`, 'warning');
    case 'damaged':
      return without('unreadable', `${name} is not known now: ${current.why}; pull and accept it`, 'error');
    case 'kept':
      return { ...about, ...read(current), commit: current.commit, pending: fetched };
  }
}

interface ToRead {
  readonly key: string;
  readonly location: string;
  readonly origin: FileOrigin;
  readonly read: SourceFiles;
}

function contents({ key, location, origin, read }: ToRead, { checkTarget, remember }: LoadOptions): Contents {
  if (read.state === 'absent') return { state: 'absent', files: [], problems: [] };
  if (read.state === 'unreadable') {
    const message = `${key} is not known now: ${read.why}`;
    return { state: 'unreadable', files: [], problems: [problem(location, message, 'error')] };
  }
  let state: Contents['state'] = 'read';
  const files: LoadedFile[] = read.files.map((entry) => {
    const { file } = entry;
    const content =
      'text' in entry
        ? readProfileFile(entry.text, { file, origin, checkTarget })
        : unreadable(file, `the file ${entry.why}`);
    if (!content.readable) state = 'unreadable';
    return { file, content: remember(file, content) };
  });
  return { state, files, problems: [] };
}

function problem(file: string, message: string, severity: ProfileProblem['severity']): ProfileProblem {
  return { file, line: 1, column: 1, at: '', message, severity };
}
