import { nearestName } from '../base/nearest-name.ts';
import type { ListedProfile, ProfileProblem, ProfileSnapshot } from '../contract/profile-snapshot.ts';

export type FoundProfile =
  /** `others`: of the same name in later sources, reached by their ids. */
  | { readonly kind: 'found'; readonly profile: ListedProfile; readonly others: readonly ListedProfile[] }
  /** It is there, but has errors. */
  | { readonly kind: 'refused'; readonly id: string; readonly problems: readonly ProfileProblem[] }
  | { readonly kind: 'unknown'; readonly meant: string | undefined };

/**
 * The profile that a person means by NAME or SOURCE/NAME. `project` is the path of the project's file that the person stands in: its
 * profiles have bare names there, those of other projects have not, and may be called project/NAME. A name whose first profile is
 * refused means that one, not the next: a typing error must not lead to another database.
 */
export function findProfile(snapshot: ProfileSnapshot, given: string, project?: string): FoundProfile {
  const wanted =
    project !== undefined && given.startsWith('project/')
      ? `${project}${given.slice('project'.length)}`
      : given;
  const isBare = !wanted.includes('/');
  const sources = snapshot.sources.filter(
    ({ kind, key }) => !isBare || kind !== 'project' || key === project,
  );
  const found: ListedProfile[] = [];
  for (const { key } of sources) {
    const id = isBare ? `${key}/${wanted}` : wanted;
    const refused = snapshot.refused.find((entry) => entry.id === id && id.startsWith(`${key}/`));
    if (refused && found.length === 0)
      return { kind: 'refused', id, problems: problemsOf(snapshot, refused, key) };
    found.push(...snapshot.profiles.filter((profile) => profile.id === id && profile.source === key));
  }
  const [profile, ...others] = found;
  if (profile) return { kind: 'found', profile, others };
  const visible = snapshot.profiles.filter(({ source }) => sources.some(({ key }) => key === source));
  const names = visible.flatMap(({ id, name }) => (isBare ? [name] : [id]));
  return { kind: 'unknown', meant: nearestName(given, names) };
}

/** Also what the user's own file says over it. */
function problemsOf(
  { problems }: ProfileSnapshot,
  { id, file }: ProfileSnapshot['refused'][number],
  source: string,
): ProfileProblem[] {
  const name = id.slice(source.length + 1);
  const isBelow = (at: string, path: string) => at === path || at.startsWith(`${path}.`);
  return problems.filter(
    (problem) =>
      problem.severity === 'error' &&
      ((problem.file === file && isBelow(problem.at, `profiles.${name}`)) ||
        isBelow(problem.at, `overrides.${source}.${name}`)),
  );
}
