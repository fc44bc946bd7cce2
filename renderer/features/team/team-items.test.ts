import { expect, it } from 'vitest';
import type {
  ListedProfile,
  ListedSource,
  ProfileSnapshot,
  ProfileTrust,
} from '../../../src/contract/profile-snapshot.ts';
import { agreedChanges, itemKey, pendingKind, teamItems, waitingWords } from './team-items.ts';

const written = { cluster: { context: 'c' }, namespace: 'n', target: 'service/a', port: 5432 };

function listed(source: string, name: string, trust: ProfileTrust): ListedProfile {
  const place = { sourceKind: 'git', file: 'f', line: 1, hash: 'h' } as const;
  return { id: `${source}/${name}`, name, source, ...place, profile: written, written, trust };
}

function snapshot(given: Partial<ProfileSnapshot>): ProfileSnapshot {
  return { sequence: 1, sources: [], profiles: [], refused: [], groups: [], problems: [], ...given };
}

const team: ListedSource = { key: 'team', kind: 'git', location: 'https://git', state: 'read', commit: 'a1' };
const user: ListedSource = { key: 'user', kind: 'user', location: '/p.yaml', state: 'read' };

it('has what a commit would change before the profiles, and those first that wait for an agreement', () => {
  const pending = {
    commit: 'b2',
    changes: [{ name: 'orders', changes: [{ path: 'port', before: '1', after: '2' }] }],
    problems: [{ file: 'x', line: 2, column: 3, at: '', message: 'm', severity: 'error' as const }],
  };
  const items = teamItems(
    snapshot({
      sources: [user, { ...team, pending }],
      profiles: [
        listed('user', 'mine', { kind: 'own' }),
        listed('team', 'agreed', { kind: 'trusted' }),
        listed('team', 'never', { kind: 'untrusted' }),
        listed('team', 'other', { kind: 'changed', changes: [] }),
      ],
      problems: [{ file: 'y', line: 1, column: 1, at: '', message: 'm', severity: 'warning' }],
    }),
  );
  expect(items.map(itemKey)).toEqual([
    'source user',
    'source team',
    'pending team',
    'pending team orders',
    'problem 4',
    'profile team/never',
    'profile team/other',
    'profile team/agreed',
    'problems 8',
    'problem 9',
  ]);
  expect(items[1]).toMatchObject({ profiles: 3, asks: [{ name: 'never' }, { name: 'other' }] });
});

it('leads from a problem of an own profile to where it is mended, and from no other', () => {
  const problem = (file: string, at: string) =>
    ({ file, line: 1, column: 1, at, message: 'm', severity: 'error' }) as const;
  const items = teamItems(
    snapshot({
      sources: [user, team],
      refused: [
        { id: 'user/orders', file: '/p.yaml' },
        { id: 'team/web', file: '/t.yaml' },
      ],
      problems: [
        problem('/p.yaml', 'profiles.orders.port'),
        problem('/p.yaml', 'profiles.orders-db.port'),
        problem('/p.yaml', ''),
        problem('/t.yaml', 'profiles.web.port'),
        problem('/t.yaml', 'profiles.orders.port'),
      ],
    }),
  );
  expect(items.flatMap((item) => (item.kind === 'problem' ? [item.mends] : []))).toEqual([
    'user/orders',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it('says in one line what waits', () => {
  const pending = { commit: 'b2', changes: [], problems: [] };
  const profiles = [listed('team', 'a', { kind: 'untrusted' }), listed('team', 'b', { kind: 'trusted' })];
  expect(waitingWords({ sources: [user, { ...team, pending }], profiles })).toBe(
    '1 commit to look at, 1 profile to agree to',
  );
  expect(waitingWords({ sources: [team], profiles: profiles.slice(1) })).toBe(
    'You have agreed to all that is shared with you.',
  );
});

it('tells what came and went from what changed', () => {
  expect(pendingKind([{ path: 'target', after: '"a"' }])).toBe('new');
  expect(pendingKind([{ path: 'target', before: '"a"' }])).toBe('gone');
  expect(pendingKind([{ path: 'target', before: '"a"', after: '"b"' }])).toBe('changed');
  expect(pendingKind([{ path: 'policy.readOnly', before: 'true' }])).toBe('changed');
});

it('shows all of a profile that was never agreed to, and of another what differs', () => {
  expect(agreedChanges(listed('team', 'a', { kind: 'untrusted' }))).toEqual([
    { path: 'cluster.context', after: '"c"' },
    { path: 'namespace', after: '"n"' },
    { path: 'target', after: '"service/a"' },
    { path: 'port', after: '5432' },
  ]);
  const changes = [{ path: 'port', before: '1', after: '5432' }];
  expect(agreedChanges(listed('team', 'a', { kind: 'changed', changes }))).toEqual(changes);
});
