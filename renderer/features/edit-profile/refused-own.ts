import type {
  ListedProfile,
  ProfileProblem,
  ProfileSnapshot,
} from '../../../src/contract/profile-snapshot.ts';

/** A profile of the user's own file that has errors: what can be said of it all the same. */
export type RefusedOwn = Pick<ListedProfile, 'id' | 'name' | 'file'>;

const own = 'user/';

/** Undefined where it is another's, whose source alone can mend it. */
export function refusedOwn({ id, file }: ProfileSnapshot['refused'][number]): RefusedOwn | undefined {
  return id.startsWith(own) ? { id, file, name: id.slice(own.length) } : undefined;
}

/** The id of the user's own profile that a problem keeps from starting, as long as that is open to be mended. */
export function mendedAt(
  { file, at }: ProfileProblem,
  refused: ProfileSnapshot['refused'],
): string | undefined {
  const isOf = (name: string) => at === `profiles.${name}` || at.startsWith(`profiles.${name}.`);
  return refused.find((each) => each.file === file && isOf(refusedOwn(each)?.name ?? ''))?.id;
}
