/**
 * Reads one profile file. Trust boundary: the text may come from a stranger's repository. Its size, its nesting, the expansion of its
 * aliases and the number of its problems are bounded; nothing in it is run, fetched or followed; no message repeats a secret. A
 * profile with an error is left out and its name is kept as refused; a file that is not YAML has no profiles.
 */
import { type Document, LineCounter, parseDocument } from 'yaml';
import { nearestName } from '../base/nearest-name.ts';
import { type Profile, profileSchema } from '../contract/profile.ts';
import { type ProfileFileContent, profileFileSchema } from '../contract/profile-file.ts';
import type { ProfileProblem } from '../contract/profile-snapshot.ts';
import {
  checkLocals,
  checkOwnKeys,
  checkProfile,
  type FileOrigin,
  type TargetCheck,
} from './check-profile.ts';
import { type Complaint, describeIssue, quoted, shownPath, valueAt } from './describe-issue.ts';
import { findSecrets } from './find-secrets.ts';
import { yamlErrorText } from './yaml-error-text.ts';
import { aliasesOf, duplicateKeys, type Path, type Place, YamlPlaces } from './yaml-places.ts';

/** A thousand profiles take about 200 KiB. */
export const maxProfileFileBytes = 512 * 1024;
const maxProblems = 100;
const maxAliases = 1_000;

export interface ReadOptions {
  /** For problems; not opened. */
  readonly file: string;
  readonly origin: FileOrigin;
  readonly checkTarget: TargetCheck;
}

export interface ReadProfile {
  readonly name: string;
  readonly line: number;
  readonly profile: Profile;
}

export interface ProfileFile {
  /** false: not even its names are known. */
  readonly readable: boolean;
  readonly profiles: readonly ReadProfile[];
  /** Names of profiles that are there but have errors. */
  readonly refused: readonly string[];
  /** What stands under such a name, to be mended; undefined in a file that holds a secret, which is shown to nobody. */
  readonly refusedValue: (name: string) => unknown;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** By source and name. Empty in a shared file, as are the sources. */
  readonly overrides: NonNullable<ProfileFileContent['overrides']>;
  readonly sources: NonNullable<ProfileFileContent['sources']>;
  /** By source: names of overrides that have errors. What bounds their profiles is not known. */
  readonly refusedOverrides: ReadonlyMap<string, readonly string[]>;
  /** Where a thing stands, or what is nearest to it. */
  readonly place: (path: Path) => Place;
  /** All of them, in the order of the text. */
  readonly problems: readonly ProfileProblem[];
}

export function readProfileFile(text: string, options: ReadOptions): ProfileFile {
  if (Buffer.byteLength(text) > maxProfileFileBytes) {
    return unreadable(options.file, `the file is larger than ${maxProfileFileBytes / 1024} KiB`);
  }
  const lines = new LineCounter();
  const document = parse(text, lines);
  const aliases = aliasesOf(document);
  const problems = new Problems(options.file, new YamlPlaces(document, aliases, lines));
  for (const { offset, what } of findSecrets(text, document, aliases)) problems.addSecret(offset, what);
  for (const error of document.errors) problems.addAt(error.pos[0], yamlErrorText(error));
  const dangling = [...aliases].filter(([, node]) => node === undefined);
  for (const [{ range }] of dangling) problems.addAt(range?.[0] ?? 0, danglingText);

  for (const offset of duplicateKeys(document)) problems.addAt(offset, duplicateText);

  // A key that stands twice leaves a document that can be read on; faults of YAML would only cause more complaints.
  const isSound = dangling.length === 0 && document.errors.length === 0;
  const content = isSound ? plain(document) : undefined;
  if (content === undefined) {
    if (isSound) problems.addAt(0, 'its YAML aliases expand to too much: write the values out');
    return { ...empty, problems: problems.sorted() };
  }
  return new Reading(content, problems, options).result();
}

/** A file of which nothing can be said but why. */
export function unreadable(file: string, message: string): ProfileFile {
  return { ...empty, problems: [{ file, line: 1, column: 1, at: '', message, severity: 'error' }] };
}

const empty: ProfileFile = {
  readable: false,
  profiles: [],
  refused: [],
  refusedValue: () => undefined,
  groups: new Map(),
  overrides: {},
  sources: {},
  refusedOverrides: new Map(),
  place: () => ({ line: 1, column: 1 }),
  problems: [],
};

function parse(text: string, lines: LineCounter): Document.Parsed {
  return parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    uniqueKeys: false,
    logLevel: 'error',
  });
}

const duplicateText = 'this key stands here a second time: keep one of them';
const danglingText = 'this alias (*name) has no anchor (&name) before it';

/** The document as plain values; an empty one is a map. undefined where aliases expand to too much. */
function plain(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases }) ?? {};
  } catch {
    return undefined;
  }
}

class Reading {
  readonly #content: unknown;
  readonly #problems: Problems;
  readonly #options: ReadOptions;

  constructor(content: unknown, problems: Problems, options: ReadOptions) {
    this.#content = content;
    this.#problems = problems;
    this.#options = options;
  }

  result(): ProfileFile {
    const checked = profileFileSchema.safeParse(this.#content);
    for (const issue of checked.error?.issues ?? []) {
      for (const complaint of describeIssue(issue, this.#content)) this.#problems.add(complaint);
    }
    const { origin } = this.#options;
    const profiles = this.#profiles();
    if (origin === 'shared') {
      const own = { overrides: this.#part('overrides'), sources: this.#part('sources') };
      for (const complaint of checkOwnKeys(own as Parameters<typeof checkOwnKeys>[0]))
        this.#problems.add(complaint);
    }
    return {
      readable: !this.#problems.has([]) && !this.#problems.has(['version']),
      ...profiles,
      refusedValue: (name) =>
        this.#problems.hasSecrets ? undefined : valueAt(this.#content, ['profiles', name]),
      groups: this.#groups(),
      ...this.#overrides(),
      sources: origin === 'own' ? this.#sources() : {},
      place: (path) => this.#problems.places.key(path),
      problems: this.#problems.sorted(),
    };
  }

  #profiles(): Pick<ProfileFile, 'profiles' | 'refused'> {
    const fitting: { name: string; profile: Profile }[] = [];
    const names = Object.keys(this.#part('profiles') ?? {});
    for (const name of names) {
      const at = ['profiles', name];
      const { data } = profileSchema.safeParse(valueAt(this.#content, at));
      if (!data || this.#problems.has(at)) continue;
      for (const complaint of checkProfile(data, at, this.#options.origin, this.#options.checkTarget)) {
        this.#problems.add(complaint);
      }
      fitting.push({ name, profile: data });
    }
    const lineOf = (name: string) => this.#problems.places.key(['profiles', name]).line;
    for (const complaint of checkLocals(fitting, lineOf)) this.#problems.add(complaint);

    const refused = (name: string) => this.#problems.has(['profiles', name]);
    return {
      profiles: fitting
        .filter(({ name }) => !refused(name))
        .map(({ name, profile }) => ({ name, line: lineOf(name), profile })),
      refused: names.filter((name) => !fitting.some((fits) => fits.name === name) || refused(name)),
    };
  }

  #groups(): ProfileFile['groups'] {
    const groups = new Map<string, readonly string[]>();
    const known = Object.keys(this.#part('profiles') ?? {});
    for (const [name, members] of Object.entries(this.#part('groups') ?? {})) {
      if (this.#problems.has(['groups', name])) continue;
      for (const [index, member] of (members as string[]).entries()) {
        // The user's own groups may name what other sources share, which is looked up when those are read.
        if (known.includes(member) || this.#options.origin === 'own') continue;
        const meant = nearestName(member, known);
        const right = meant ? `: did you mean ${meant}?` : ': a shared group names profiles of its own file';
        const message = `there is no profile ${quoted(member)} in this file${right}`;
        this.#problems.add({ path: ['groups', name, index], about: 'value', message });
      }
      if (!this.#problems.has(['groups', name])) groups.set(name, members as string[]);
    }
    return groups;
  }

  #overrides(): Pick<ProfileFile, 'overrides' | 'refusedOverrides'> {
    const overrides: ProfileFile['overrides'] = {};
    const refusedOverrides = new Map<string, readonly string[]>();
    if (this.#options.origin !== 'own') return { overrides, refusedOverrides };
    for (const [source, all] of Object.entries(this.#part('overrides') ?? {})) {
      const names = typeof all === 'object' && all !== null ? Object.keys(all) : [];
      const faulty = names.filter((name) => this.#problems.has(['overrides', source, name]));
      // What is wrong with the source as such is wrong with all of it.
      const isWhole = faulty.length === 0 && this.#problems.has(['overrides', source]);
      const refused = isWhole ? names : faulty;
      refusedOverrides.set(source, refused);
      const fitting = Object.entries(all ?? {}).filter(([name]) => !refused.includes(name));
      overrides[source] = Object.fromEntries(fitting);
    }
    return { overrides, refusedOverrides };
  }

  #sources(): ProfileFile['sources'] {
    const entries = Object.entries(this.#part('sources') ?? {});
    return Object.fromEntries(
      entries.filter(([name]) => !this.#problems.has(['sources', name])),
    ) as ProfileFile['sources'];
  }

  #part(key: string): Record<string, unknown> | undefined {
    const part = valueAt(this.#content, [key]);
    return typeof part === 'object' && part !== null && !Array.isArray(part)
      ? (part as Record<string, unknown>)
      : undefined;
  }
}

/** What is wrong so far, and where. */
class Problems {
  readonly places: YamlPlaces;
  readonly #file: string;
  readonly #all: ProfileProblem[] = [];
  readonly #paths = new Set<string>();
  readonly #secretLines = new Set<number>();
  #more = 0;

  constructor(file: string, places: YamlPlaces) {
    this.#file = file;
    this.places = places;
  }

  add({ path, about, message }: Complaint): void {
    this.#mark(path);
    if (this.#isFull()) return;
    const place = about === 'key' ? this.places.key(path) : this.places.value(path);
    if (!this.#secretLines.has(place.line)) this.#push(place, shownPath(path), message);
  }

  addAt(offset: number, message: string): void {
    if (this.#isFull()) return;
    const path = this.#mark(this.places.pathAt(offset));
    const place = this.places.atOffset(offset);
    if (!this.#secretLines.has(place.line)) this.#push(place, shownPath(path), message);
  }

  /** Before all others: what else is wrong with a pasted secret could tell of it. */
  addSecret(offset: number, what: string): void {
    if (this.#isFull()) return;
    const path = this.#mark(this.places.pathAt(offset));
    const place = this.places.atOffset(offset);
    if (this.#secretLines.has(place.line)) return;
    this.#secretLines.add(place.line);
    const right =
      'a profile says where a password is, never what it is; take it out, and change it if others could read it';
    this.#push(place, shownPath(path), `there is ${what}: ${right}`);
  }

  /** Whether something at or below the path, of at most three parts, is wrong; with the empty path, the whole. */
  has(path: readonly (string | number)[]): boolean {
    return this.#paths.has(JSON.stringify(path));
  }

  get hasSecrets(): boolean {
    return this.#secretLines.size > 0;
  }

  sorted(): ProfileProblem[] {
    const sorted = this.#all.sort((a, b) => a.line - b.line || a.column - b.column);
    if (this.#more === 0) return sorted;
    const message = `and ${this.#more} more problems`;
    return [...sorted, { file: this.#file, line: 1, column: 1, at: '', message, severity: 'error' }];
  }

  /** A fault is also that of the profile or the part that it is in; asked for are no deeper paths. */
  #mark(path: Path): Path {
    for (let length = Math.min(1, path.length); length <= Math.min(3, path.length); length++) {
      this.#paths.add(JSON.stringify(path.slice(0, length)));
    }
    return path;
  }

  /** What is not shown is counted, and not looked at: a place takes time to find. */
  #isFull(): boolean {
    if (this.#all.length < maxProblems) return false;
    this.#more++;
    return true;
  }

  #push(place: Place, at: string, message: string): void {
    this.#all.push({ file: this.#file, ...place, at, message, severity: 'error' });
  }
}
