import { expect, it } from 'vitest';
import { profileNameSchema } from '../../../src/contract/profile.ts';
import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import {
  copyName,
  isProfileName,
  keysWithoutField,
  nameProblem,
  ownerOfPort,
  passwordChange,
  passwordSourceOf,
  passwordSources,
  problemAt,
  problemsElsewhere,
  problemsSoFar,
  takenNames,
  textOfValue,
  valueOfText,
} from './form-fields.ts';
import { changeText, readTree } from './profile-text.ts';

const listed = (name: string, rest: object = {}, source = 'user') =>
  ({ id: `${source}/${name}`, name, source, profile: { ...rest } }) as ListedProfile;

const problem = (at: string) => ({ at, message: `of ${at}`, line: 1, column: 1, severity: 'error' as const });

it('takes the same names as the daemon', () => {
  for (const name of [
    'a',
    'orders-db',
    'a.b_c-1',
    'A',
    '1a',
    '',
    'a b',
    `a${'x'.repeat(62)}`,
    `a${'x'.repeat(63)}`,
  ])
    expect(isProfileName(name), name).toBe(profileNameSchema.safeParse(name).success);
});

it('puts each problem at its field, and those without one apart', () => {
  const problems = [
    problem('port'),
    problem('connection.password.secret.name'),
    problem('policy.programs'),
    problem(''),
  ];
  expect(problemAt(problems, ['port'])).toBe('of port');
  expect(problemAt(problems, ['connection', 'password'])).toBe('of connection.password.secret.name');
  expect(problemAt(problems, ['policy', 'environment'])).toBeUndefined();
  expect(problemsElsewhere(problems).map(({ at }) => at)).toEqual(['policy.programs', '']);
});

it('is silent of what is missing, until it is meant to be whole', () => {
  const problems = [problem('port'), problem('policy.timeLimit'), problem('policy.programs[0]'), problem('')];
  const tree = { policy: { timeLimit: 'soon', programs: ['x'] } };
  expect(problemsSoFar(problems, tree).map(({ at }) => at)).toEqual([
    'policy.timeLimit',
    'policy.programs[0]',
  ]);
});

it('names what it does not show', () => {
  const tree = {
    port: 1,
    labels: { team: 'a' },
    policy: { confirm: true, programs: ['/bin/x'] },
    cluster: { uid: 'x' },
  };
  expect(keysWithoutField(tree)).toEqual(['labels', 'policy.programs', 'cluster.uid']);
});

it('makes numbers of digits where a number is meant, and loses nothing that is none', () => {
  expect(valueOfText('5432', true)).toBe(5432);
  expect(valueOfText('54a', true)).toBe('54a');
  expect(valueOfText('5432', false)).toBe('5432');
  expect(valueOfText('', true)).toBeUndefined();
  expect(textOfValue(5432)).toBe('5432');
  expect(textOfValue({ port: 1 })).toBe('');
});

it.each(passwordSources)('says where a password is: %s', (source) => {
  const before = 'connection:\n  user: app\n  password:\n    file: /x\n';
  const tree = readTree(changeText(before, [passwordChange(source)]))!;
  expect(passwordSourceOf(tree)).toBe(source);
  expect(tree.connection).toMatchObject({ user: 'app' });
});

it('says why a name cannot be taken', () => {
  expect(nameProblem('orders', [listed('orders')])).toMatch(/already/);
  expect(nameProblem('orders', [listed('orders', {}, 'team')])).toBeUndefined();
  const refused = [{ id: 'user/orders', file: '/p.yaml' }];
  expect(nameProblem('orders', takenNames({ profiles: [], refused }))).toMatch(/already/);
  expect(nameProblem('', [])).toBeDefined();
});

it('finds whose a port is, of those that could be up beside it', () => {
  const profiles = [
    listed('a', { local: 1 }),
    listed('b', { local: 2, off: true }),
    listed('c', { local: 3 }, 'team'),
  ];
  expect([1, 2, 3, '1', undefined].map((port) => ownerOfPort(port, profiles, 'x'))).toEqual([
    'a',
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(ownerOfPort(1, profiles, 'a')).toBeUndefined();
});

it('finds a free name for a copy that is no longer than a name may be', () => {
  expect(copyName('a', [])).toBe('a-copy');
  expect(copyName('a', [listed('a-copy')])).toBe('a-copy-2');
  expect(isProfileName(copyName('x'.repeat(63), []))).toBe(true);
});
