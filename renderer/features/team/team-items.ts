import { count } from '../../../src/client/tunnel-words.ts';
import type {
  ListedProfile,
  ListedSource,
  ProfileChange,
  ProfileProblem,
  ProfileSnapshot,
} from '../../../src/contract/profile-snapshot.ts';
import { mendedAt } from '../edit-profile/refused-own.ts';

export type PendingKind = 'new' | 'changed' | 'gone';

/** What the list of the team's profiles is made of, from top to bottom. */
export type TeamItem =
  | {
      readonly kind: 'source';
      readonly source: ListedSource;
      readonly profiles: number;
      /** Those that wait for an agreement. */
      readonly asks: readonly ListedProfile[];
    }
  | {
      readonly kind: 'pending';
      readonly source: ListedSource;
      readonly commit: string;
      readonly changes: number;
    }
  | {
      readonly kind: 'pending-profile';
      readonly source: string;
      readonly name: string;
      readonly what: PendingKind;
      readonly changes: readonly ProfileChange[];
    }
  | { readonly kind: 'profile'; readonly profile: ListedProfile }
  | { readonly kind: 'problems'; readonly amount: number }
  | {
      readonly kind: 'problem';
      readonly problem: ProfileProblem;
      readonly commit?: string;
      readonly mends?: string | undefined;
    };

/** Sources in their order, what a fetched commit of each would change, then its profiles, those first that wait; at last what is wrong in files. */
export function teamItems({ sources, profiles, problems, refused }: ProfileSnapshot): readonly TeamItem[] {
  const items = sources.flatMap((source): TeamItem[] => {
    const own = profiles.filter((profile) => profile.source === source.key);
    const asks = own.filter(needsAgreement);
    const head: TeamItem = { kind: 'source', source, profiles: own.length, asks };
    // Nobody agrees with themselves.
    if (source.kind === 'user') return [head];
    const rest = own.filter((profile) => !needsAgreement(profile));
    return [
      head,
      ...pendingItems(source),
      ...[...asks, ...rest].map((profile) => ({ kind: 'profile', profile }) as const),
    ];
  });
  if (problems.length === 0) return items;
  return [
    ...items,
    { kind: 'problems', amount: problems.length },
    ...problems.map((problem) => ({ kind: 'problem', problem, mends: mendedAt(problem, refused) }) as const),
  ];
}

function pendingItems(source: ListedSource): TeamItem[] {
  const { key, pending } = source;
  if (!pending) return [];
  return [
    { kind: 'pending', source, commit: pending.commit, changes: pending.changes.length },
    ...pending.changes.map(
      ({ name, changes }) =>
        ({ kind: 'pending-profile', source: key, name, what: pendingKind(changes), changes }) as const,
    ),
    ...pending.problems.map((problem) => ({ kind: 'problem', problem, commit: pending.commit }) as const),
  ];
}

/** What waits for this person, in one line. */
export function waitingWords({ sources, profiles }: Pick<ProfileSnapshot, 'sources' | 'profiles'>): string {
  const commits = sources.filter(({ pending }) => pending).length;
  const asks = profiles.filter(needsAgreement).length;
  const waiting = [
    ...(commits > 0 ? [`${count(commits, 'commit')} to look at`] : []),
    ...(asks > 0 ? [`${count(asks, 'profile')} to agree to`] : []),
  ];
  return waiting.join(', ') || 'You have agreed to all that is shared with you.';
}

export function needsAgreement({ trust }: Pick<ListedProfile, 'trust'>): boolean {
  return trust.kind === 'untrusted' || trust.kind === 'changed';
}

/** A profile has a target: one that came or went differs in that too. */
export function pendingKind(changes: readonly ProfileChange[]): PendingKind {
  const target = changes.find(({ path }) => path === 'target');
  if (target && target.before === undefined) return 'new';
  if (target && target.after === undefined) return 'gone';
  return 'changed';
}

/** What an agreement would be to: the differences, or all values of one that was never agreed to. */
export function agreedChanges({ trust, written }: ListedProfile): readonly ProfileChange[] {
  return trust.kind === 'changed' ? trust.changes : valuesOf(written);
}

function valuesOf(value: unknown, path = ''): ProfileChange[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return value === undefined ? [] : [{ path, after: JSON.stringify(value) }];
  return Object.entries(value).flatMap(([key, inner]) => valuesOf(inner, path ? `${path}.${key}` : key));
}

export function itemKey(item: TeamItem, index: number): string {
  switch (item.kind) {
    case 'source':
      return `source ${item.source.key}`;
    case 'pending':
      return `pending ${item.source.key}`;
    case 'pending-profile':
      return `pending ${item.source} ${item.name}`;
    case 'profile':
      return `profile ${item.profile.id}`;
    default:
      return `${item.kind} ${index}`;
  }
}
