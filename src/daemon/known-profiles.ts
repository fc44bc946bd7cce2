import { AppError } from '../base/app-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';
import type { ProfileStore } from '../profile/profile-store.ts';

/** What groups mean to who stands in a project, or in none: its own groups are seen there alone. Throws SP-GROUP-UNKNOWN. */
export function membersOf(
  groups: readonly string[],
  { known, project }: { readonly known: ProfileSnapshot['groups']; readonly project: string | undefined },
): string[] {
  const visible = known.filter(({ source }) => !source.includes('/') || source === project);
  return groups.flatMap((name) => {
    const group = visible.find((candidate) => candidate.name === name);
    if (group) return group.members;
    const names = visible.map((candidate) => candidate.name);
    throw new AppError('SP-GROUP-UNKNOWN', { name, meant: nearestName(name, names) });
  });
}

/** Why there is no profile of this id. */
export function whyLost(profiles: Pick<ProfileStore, 'find'>, id: string): ErrorData {
  const found = profiles.find(id);
  if (found.kind !== 'refused') return { code: 'SP-PROFILE-UNKNOWN', details: { profile: id } };
  const [problem] = found.problems;
  const message = problem && `${problem.file}:${problem.line}:${problem.column} ${problem.message}`;
  return { code: 'SP-PROFILE-INVALID', details: { profile: id, message } };
}
