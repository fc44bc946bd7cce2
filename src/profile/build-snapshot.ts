import { nearestName } from '../base/nearest-name.ts';
import type { PolicyFloor } from '../contract/policy.ts';
import type { Profile, ProfileOverride } from '../contract/profile.ts';
import type {
  ListedProfile,
  ListedSource,
  ProfileProblem,
  ProfileSnapshot,
  ProfileTrust,
  SourceKind,
} from '../contract/profile-snapshot.ts';
import { diffProfiles, type ProfileIdentity, profileHash } from './canonical.ts';
import { withGuessedKind } from './import/guess-kind.ts';
import { localText, sameLocal, withLocalPort } from './local-address.ts';
import type { ProfileFile } from './read-profile-file.ts';
import { loosenings, tightest, withFloor } from './tightest-policy.ts';

/** One source as it was read. */
export interface LoadedSource {
  readonly key: string;
  readonly kind: SourceKind;
  readonly location: string;
  /** What tells it from all other sources, for ever: part of what is agreed to. */
  readonly origin: string;
  readonly state: ListedSource['state'];
  readonly files: readonly LoadedFile[];
  /** What is wrong with the source as such. */
  readonly problems: readonly ProfileProblem[];
  readonly commit?: string | undefined;
  readonly pending?: { readonly commit: string; readonly files: readonly LoadedFile[] } | undefined;
}

export interface LoadedFile {
  readonly file: string;
  readonly content: ProfileFile;
}

export interface SnapshotParts {
  readonly sequence: number;
  /** In their fixed order, the user's own first. */
  readonly sources: readonly LoadedSource[];
  readonly judge: (identity: ProfileIdentity, profile: Profile) => ProfileTrust;
  /** What bounds all profiles. */
  readonly floor: PolicyFloor;
}

/** What all sources come to: first of a name wins, overrides applied, trust judged, and everything wrong in one list. Pure. */
export function buildSnapshot({ sequence, sources, judge, floor }: SnapshotParts): ProfileSnapshot {
  const own = sources.find(({ kind }) => kind === 'user')?.files[0];
  const problems: ProfileProblem[] = [];
  const profiles: ListedProfile[] = [];
  const refused: ProfileSnapshot['refused'] = [];
  const groups: ProfileSnapshot['groups'] = [];
  for (const source of sources) {
    problems.push(...source.problems);
    const seen = new Map<string, string>();
    for (const { file, content } of source.files) {
      problems.push(...content.problems);
      refused.push(...content.refused.map((name) => ({ id: idOf(source.key, name), file })));
      for (const { name, line, profile } of content.profiles) {
        const first = seen.get(name);
        if (first !== undefined) {
          const message = `${name} is in ${first} too, which is read first: this one is left out`;
          problems.push({ file, line, column: 1, at: `profiles.${name}`, message, severity: 'error' });
          continue;
        }
        seen.set(name, file);
        const override = own?.content.overrides[source.key]?.[name];
        const looser = own ? looserOverrides({ own, source: source.key, name, profile, override }) : [];
        problems.push(...looser);
        const isFaulty = own?.content.refusedOverrides.get(source.key)?.includes(name) ?? false;
        if (isFaulty || looser.length > 0) refused.push({ id: idOf(source.key, name), file });
        else profiles.push({ ...listed(source, name, profile, { override, judge, floor }), file, line });
      }
      for (const [name, members] of content.groups) {
        groups.push({
          name,
          source: source.key,
          members: members.map((member) => qualified(source.key, member)),
        });
      }
    }
  }
  problems.push(
    ...nameConflicts(profiles),
    ...localConflicts(profiles),
    ...unknownMembers(groups, profiles, refused, own),
  );
  if (own) problems.push(...unusedOverrides(own, sources));
  return {
    sequence,
    sources: sources.map(listedSource),
    profiles,
    refused,
    groups: resolvedGroups(groups, profiles),
    problems,
  };
}

export function idOf(source: string, name: string): string {
  return `${source}/${name}`;
}

/** The profile as it runs here. */
export function withOverride(profile: Profile, override: ProfileOverride | undefined): Profile {
  if (!override) return profile;
  return {
    ...profile,
    ...(override.port === undefined ? {} : { local: withLocalPort(profile.local, override.port) }),
    ...(override.context === undefined ? {} : { cluster: { context: override.context } }),
    ...(override.off === undefined ? {} : { off: override.off }),
    ...((override.policy || override.passwordless) && { policy: boundedPolicy(profile.policy, override) }),
  };
}

function boundedPolicy(policy: Profile['policy'], override: ProfileOverride): Profile['policy'] {
  const { passwordless } = override;
  return { ...tightest(policy, override.policy), ...(passwordless && { passwordless }) };
}

function listed(
  { key, kind, origin }: LoadedSource,
  name: string,
  written: Profile,
  {
    override,
    judge,
    floor,
  }: Pick<SnapshotParts, 'judge' | 'floor'> & { readonly override: ProfileOverride | undefined },
): Omit<ListedProfile, 'file' | 'line'> {
  const identity = { origin, name };
  const overridden = withOverride(withGuessedKind(name, written), override);
  const policy = withFloor(overridden, floor);
  return {
    id: idOf(key, name),
    name,
    source: key,
    sourceKind: kind,
    profile: { ...overridden, ...(policy && { policy }) },
    written,
    override,
    trust: kind === 'user' ? { kind: 'own' } : judge(identity, written),
    hash: profileHash(identity, written),
  };
}

/** What of an override's policy would allow what its profile forbids. */
function looserOverrides({
  own: { file, content },
  source,
  name,
  profile,
  override,
}: {
  readonly own: LoadedFile;
  readonly source: string;
  readonly name: string;
  readonly profile: Profile;
  readonly override: ProfileOverride | undefined;
}): ProfileProblem[] {
  return loosenings(profile.policy, override?.policy ?? {}).map(({ field, right }): ProfileProblem => {
    const path = ['overrides', source, name, 'policy', field];
    const message = `${field} must be ${right}: an override may only tighten the policy of ${idOf(source, name)}`;
    return { file, ...content.place(path), at: path.join('.'), message, severity: 'error' };
  });
}

function listedSource({ key, kind, location, state, files, commit, pending }: LoadedSource): ListedSource {
  return {
    key,
    kind,
    location,
    state,
    commit,
    pending: pending && {
      commit: pending.commit,
      changes: diffProfiles(profilesOf(files), profilesOf(pending.files)),
      problems: pending.files.flatMap(({ content }) => content.problems),
    },
  };
}

function profilesOf(files: readonly LoadedFile[]): Map<string, Profile> {
  const all = files.flatMap(({ content }) => content.profiles);
  return new Map(all.reverse().map(({ name, profile }) => [name, profile]));
}

function warning(profile: Pick<ListedProfile, 'file' | 'line' | 'name'>, message: string): ProfileProblem {
  const { file, line, name } = profile;
  return { file, line, column: 1, at: `profiles.${name}`, message, severity: 'warning' };
}

/** Between projects there is none: who stands in one does not see the other. */
function nameConflicts(profiles: readonly ListedProfile[]): ProfileProblem[] {
  const first = new Map<string, ListedProfile>();
  const conflicts: ProfileProblem[] = [];
  for (const profile of profiles) {
    const other = first.get(profile.name);
    if (!other) first.set(profile.name, profile);
    else if (other.sourceKind !== 'project' || profile.sourceKind !== 'project') {
      const message = `${profile.name} means the one of ${other.source} (${other.file}), which comes first; this one is ${profile.id}`;
      conflicts.push(warning(profile, message));
    }
  }
  return conflicts;
}

/** Two sources may want one port as long as they are not up at one time; within a file it is an error. */
function localConflicts(profiles: readonly ListedProfile[]): ProfileProblem[] {
  const taken = profiles.filter(({ profile }) => profile.local !== undefined && !profile.off);
  return taken.flatMap((profile, index) => {
    const owner = taken
      .slice(0, index)
      .find((other) => sameLocal(other.profile.local!, profile.profile.local!));
    if (!owner) return [];
    const message = `${localText(profile.profile.local!)} is that of ${owner.id} too: they cannot be up at one time; overrides.${profile.source}.${profile.name}.port in your own file gives it another`;
    return [warning(profile, message)];
  });
}

function unusedOverrides({ file, content }: LoadedFile, sources: readonly LoadedSource[]): ProfileProblem[] {
  const problems: ProfileProblem[] = [];
  const complain = (path: string[], message: string) =>
    problems.push({ file, ...content.place(path), at: path.join('.'), message, severity: 'warning' });
  for (const [key, overrides] of Object.entries(content.overrides)) {
    const source = sources.find((candidate) => candidate.key === key && candidate.kind !== 'user');
    // A project's is used where its user stands in it.
    if (!source && /[\\/]/.test(key)) continue;
    if (!source) {
      const meant = nearestName(
        key,
        sources.filter(({ kind }) => kind !== 'user').map((other) => other.key),
      );
      const right = key === 'user' ? ': edit the profile itself' : meant ? `: did you mean ${meant}?` : '';
      complain(['overrides', key], `there is no source ${key}${right}`);
      continue;
    }
    if (source.state !== 'read') continue;
    const names = source.files.flatMap((each) => [
      ...each.content.profiles.map(({ name }) => name),
      ...each.content.refused,
    ]);
    for (const name of Object.keys(overrides)) {
      if (names.includes(name)) continue;
      const meant = nearestName(name, names);
      complain(
        ['overrides', key, name],
        `there is no profile ${name} in ${key}${meant ? `: did you mean ${meant}?` : ''}`,
      );
    }
  }
  return problems;
}

/** A bare name in a shared group is of its own source; in the user's own it is what the bare name means. */
function qualified(source: string, member: string): string {
  return source === 'user' || member.includes('/') ? member : idOf(source, member);
}

function resolvedGroups(
  groups: ProfileSnapshot['groups'],
  profiles: readonly ListedProfile[],
): ProfileSnapshot['groups'] {
  return groups.map((group) => ({
    ...group,
    members: group.members.flatMap((member) => memberId(member, profiles) ?? []),
  }));
}

function memberId(member: string, profiles: readonly ListedProfile[]): string | undefined {
  return profiles.find(({ id, name }) => id === member || name === member)?.id;
}

function unknownMembers(
  groups: ProfileSnapshot['groups'],
  profiles: readonly ListedProfile[],
  refused: ProfileSnapshot['refused'],
  own: LoadedFile | undefined,
): ProfileProblem[] {
  if (!own) return [];
  return groups
    .filter(({ source }) => source === 'user')
    .flatMap(({ name, members }) =>
      members
        .filter(
          (member) =>
            !memberId(member, profiles) &&
            !refused.some(({ id }) => id === member || id.endsWith(`/${member}`)),
        )
        .map((member): ProfileProblem => {
          const meant = nearestName(
            member,
            profiles.flatMap((profile) => [profile.name, profile.id]),
          );
          const message = `there is no profile ${member}${meant ? `: did you mean ${meant}?` : ''}`;
          const path = ['groups', name];
          return {
            file: own.file,
            ...own.content.place(path),
            at: path.join('.'),
            message,
            severity: 'warning',
          };
        }),
    );
}
