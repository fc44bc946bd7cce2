import type { Profile, ProfileKind } from '../../contract/profile.ts';

export interface KindSigns {
  readonly port: number | string;
  readonly portName?: string | undefined;
  /** Names, labels' values and images, in any order. */
  readonly words?: readonly (string | undefined)[];
}

interface Signs {
  readonly kind: ProfileKind;
  readonly ports: readonly number[];
  readonly names: RegExp;
  readonly words: RegExp;
}

const known: readonly Signs[] = [
  {
    kind: 'postgres',
    ports: [5432, 6432],
    names: /postgres|^pg|pgbouncer/,
    words: /postgres|pgbouncer|pgpool|spilo|timescale/,
  },
  { kind: 'mysql', ports: [3306], names: /mysql|mariadb/, words: /mysql|mariadb|percona-xtradb/ },
  { kind: 'redis', ports: [6379], names: /redis|valkey/, words: /redis|valkey|keydb/ },
  { kind: 'mongodb', ports: [27017], names: /mongo/, words: /mongo/ },
  {
    kind: 'http',
    ports: [80, 443, 3000, 8000, 8080, 8443, 9090],
    names: /^https?|^web$|^ui$|-http$/,
    words: /(?!)/,
  },
];

/** Where it usually answers. */
export function usualPort(kind: ProfileKind): number | undefined {
  return known.find((signs) => signs.kind === kind)?.ports[0];
}

/** What answers there: by the port's name, then its number, then what it is called; undefined where nothing tells. */
export function guessKind({ port, portName, words = [] }: KindSigns): ProfileKind | undefined {
  const name = (portName ?? (typeof port === 'string' ? port : '')).toLowerCase();
  // A metrics port beside a database speaks HTTP, whatever its image is called.
  if (/metrics|exporter|prometheus|health/.test(name)) return 'http';
  const byName = name === '' ? undefined : known.find(({ names }) => names.test(name));
  const byNumber = known.find(({ ports }) => ports.includes(Number(port)));
  const text = words
    .filter((word) => word !== undefined)
    .join(' ')
    .toLowerCase();
  const byWords =
    name === '' || !/[a-z]{3}/.test(name) || name === 'tcp'
      ? known.find((signs) => signs.words.test(text))
      : undefined;
  return (byName ?? byNumber ?? byWords)?.kind;
}

/** The kind of a profile that does not say it: one guess, whether the profile was added, imported, written by hand, or is none. */
export function withGuessedKind<Described extends Pick<Profile, 'kind' | 'port' | 'target'>>(
  name: string,
  profile: Described,
): Described {
  if (profile.kind !== undefined) return profile;
  const { port, target } = profile;
  const kind = guessKind({
    words: [target, name],
    ...(typeof port === 'number' ? { port } : { port: 0, portName: port }),
  });
  return kind === undefined ? profile : { ...profile, kind };
}
