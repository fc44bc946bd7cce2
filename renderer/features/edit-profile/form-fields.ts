import type { OperationAnswer } from '../../../src/contract/control.ts';
import type { ListedProfile, ProfileSnapshot } from '../../../src/contract/profile-snapshot.ts';
import {
  type FieldChange,
  type FieldPath,
  type FieldValue,
  type ProfileTree,
  valueAt,
} from './profile-text.ts';

export type WrittenProblem = OperationAnswer<'checkProfile'>['problems'][number];

/** What the form shows, and with it which problem stands at which field. What is deeper than these is edited as YAML. */
export const formPaths: readonly string[] = [
  'description',
  'cluster.server',
  'cluster.context',
  'namespace',
  'target',
  'port',
  'local',
  'kind',
  'connection.database',
  'connection.user',
  'connection.sslmode',
  'connection.password',
  'connection.certificate',
  'policy.environment',
  'policy.reason',
  'policy.confirm',
  'policy.timeLimit',
  'policy.idleLimit',
  'policy.maxConnections',
  'policy.readOnly',
  'onDemand',
  'off',
];

/** What is wrong with a field or with something in it. */
export function problemAt(problems: readonly WrittenProblem[], path: FieldPath): string | undefined {
  return problems.find(({ at }) => isWithin(at, path.join('.')))?.message;
}

/** What is wrong with what is written; what is missing yet is not. */
export function problemsSoFar(
  problems: readonly WrittenProblem[],
  tree: ProfileTree,
): readonly WrittenProblem[] {
  return problems.filter(({ at }) => at !== '' && valueAt(tree, at.match(/[^.[\]]+/g) ?? []) !== undefined);
}

/** What is wrong where the form has no field. */
export function problemsElsewhere(problems: readonly WrittenProblem[]): readonly WrittenProblem[] {
  return problems.filter(({ at }) => !formPaths.some((path) => isWithin(at, path)));
}

function isWithin(at: string, path: string): boolean {
  return at === path || at.startsWith(`${path}.`) || at.startsWith(`${path}[`);
}

/** Keys that are set and have no field: they stay as they are. */
export function keysWithoutField(tree: ProfileTree, path: FieldPath = []): string[] {
  const here = path.length === 0 ? tree : valueAt(tree, path);
  return Object.keys(here as object).flatMap((key) => {
    const name = [...path, key].join('.');
    if (formPaths.includes(name)) return [];
    const value = valueAt(tree, [...path, key]);
    const isOpened = formPaths.some((shown) => shown.startsWith(`${name}.`));
    return isOpened && typeof value === 'object' && value !== null
      ? keysWithoutField(tree, [...path, key])
      : [name];
  });
}

/** What a field of text shows of a value. A map or a list has no text. */
export function textOfValue(value: unknown): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}

/** What a field of text means. A port may be a name: digits alone are a number. */
export function valueOfText(text: string, isNumber: boolean): FieldValue {
  if (text === '') return undefined;
  return isNumber && /^\d{1,9}$/.test(text) ? Number(text) : text;
}

export const passwordSources = [
  'none',
  'auto',
  'secret',
  'configMap',
  'keychain',
  'command',
  'environment',
  'file',
] as const;
export type PasswordSource = (typeof passwordSources)[number];

const passwordPath: FieldPath = ['connection', 'password'];

/** Undefined: something else stands there, and the form cannot say what. */
export function passwordSourceOf(tree: ProfileTree): PasswordSource | undefined {
  const password = valueAt(tree, passwordPath);
  if (password === undefined || password === null) return 'none';
  if (valueAt(password, ['secret']) === 'auto') return 'auto';
  return passwordSources.find((source) => valueAt(password, [source]) !== undefined);
}

/** Another place of the password: its parts are to be written then. */
export function passwordChange(source: PasswordSource): FieldChange {
  const empty: Record<PasswordSource, FieldValue> = {
    none: undefined,
    auto: { secret: 'auto' },
    secret: { secret: { name: '', key: 'password' } },
    configMap: { configMap: { name: '', key: '' } },
    keychain: { keychain: true },
    command: { command: [''] },
    environment: { environment: '' },
    file: { file: '' },
  };
  return { path: passwordPath, value: empty[source] };
}

const namePattern = /^[a-z][a-z0-9._-]{0,62}$/;

export function isProfileName(name: string): boolean {
  return namePattern.test(name);
}

type Taken = readonly Pick<ListedProfile, 'id'>[];

/** What is wrong with a name that a profile is to have. Those that are refused have theirs too. */
export function nameProblem(name: string, taken: Taken): string | undefined {
  if (name === '') return 'It needs a name';
  if (!isProfileName(name))
    return 'A name starts with a letter and has at most 63 lower case letters, digits, ".", "_" and "-"';
  if (taken.some(({ id }) => id === `user/${name}`)) return `You have a profile ${name} already`;
  return undefined;
}

/** Which of the user's other profiles has this local port: one file cannot have it twice. */
export function ownerOfPort(
  local: unknown,
  profiles: readonly ListedProfile[],
  self: string,
): string | undefined {
  if (typeof local !== 'number') return undefined;
  return profiles.find(
    ({ name, source, profile }) =>
      source === 'user' && name !== self && !profile.off && profile.local === local,
  )?.name;
}

/** Who has a name in the user's own file or another source. */
export function takenNames({ profiles, refused }: Pick<ProfileSnapshot, 'profiles' | 'refused'>): Taken {
  return [...profiles, ...refused];
}

/** A name beside the one that is taken. */
export function copyName(name: string, taken: Taken): string {
  for (let number = 1; ; number++) {
    const tail = number === 1 ? '-copy' : `-copy-${number}`;
    const wanted = `${name.slice(0, 63 - tail.length)}${tail}`;
    if (nameProblem(wanted, taken) === undefined) return wanted;
  }
}
