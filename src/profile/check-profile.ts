import type { Profile } from '../contract/profile.ts';
import type { ProfileFileContent } from '../contract/profile-file.ts';
import type { Complaint } from './describe-issue.ts';
import { withGuessedKind } from './import/guess-kind.ts';
import { isLoopback, localText, sameLocal } from './local-address.ts';
import { ofPostgres } from './tightest-policy.ts';
import type { Path } from './yaml-places.ts';

/** own: the user's own file. shared: what came from a project, a folder or a repository. */
export type FileOrigin = 'own' | 'shared';

/** What is wrong with a target and its port, as a sentence that says what would be right; undefined where nothing is. */
export type TargetCheck = (target: string, port: number | string) => string | undefined;

/** What is checked of a profile, and of a tunnel that no profile describes. */
export type Described = Omit<Profile, 'cluster' | 'namespace'>;

/** What the schema cannot say of one profile that fits it. */
export function checkProfile(
  profile: Described,
  at: Path,
  origin: FileOrigin,
  checkTarget: TargetCheck,
): Complaint[] {
  const complaints: Complaint[] = [];
  const complain = (path: Path, message: string, about: Complaint['about'] = 'value') =>
    complaints.push({ path: [...at, ...path], about, message });

  const { kind } = withGuessedKind(String(at.at(-1)), profile);
  const target = checkTarget(profile.target, profile.port);
  if (target !== undefined) complain(['target'], target);
  if (profile.connection?.scheme && kind !== 'http') {
    complain(['connection', 'scheme'], 'scheme is for profiles of kind http', 'key');
  }
  if (profile.connection?.pooler && kind !== 'postgres') {
    complain(['connection', 'pooler'], 'pooler is for profiles of kind postgres', 'key');
  }
  if (profile.connection?.serverRole && kind !== 'postgres') {
    complain(['connection', 'serverRole'], 'serverRole is for profiles of kind postgres', 'key');
  }
  const { ca, certificate, sslmode } = profile.connection ?? {};
  if (certificate && kind !== 'postgres') {
    complain(['connection', 'certificate'], 'certificate is for profiles of kind postgres', 'key');
  }
  if (certificate && sslmode === 'disable') {
    complain(
      ['connection', 'sslmode'],
      'a client certificate logs in over TLS alone: leave sslmode out, or say require, verify-ca or verify-full',
    );
  }
  if (ca && 'secret' in ca && kind !== 'postgres') {
    complain(
      ['connection', 'ca', 'secret'],
      'ca.secret is for profiles of kind postgres: name a file',
      'key',
    );
  }
  for (const word of ['ca', 'serverName'] as const) {
    if (profile.connection?.[word] && kind === 'tcp') {
      complain(['connection', word], `${word} is for profiles of a kind that knows TLS, not tcp`, 'key');
    }
  }
  if (profile.connection?.authSource && kind !== 'mongodb') {
    complain(['connection', 'authSource'], 'authSource is for profiles of kind mongodb', 'key');
  }
  for (const word of [...ofPostgres, 'passwordless'] as const) {
    if (profile.policy?.[word] && kind !== 'postgres') {
      complain(['policy', word], `${word} is for profiles of kind postgres`, 'key');
    }
  }
  if (typeof profile.local === 'object' && 'socket' in profile.local) {
    for (const [word, effect] of [
      ['programs', 'none would be let in'],
      ['passwordless', 'each would need the password'],
    ] as const) {
      if (!profile.policy?.[word]) continue;
      complain(
        ['policy', word],
        `programs cannot be told apart at a unix socket, so that ${effect}: name a port in local, or leave ${word} out`,
        'key',
      );
    }
  }
  if (origin === 'shared') checkShared(profile, complain);
  return complaints;
}

/** A file that came with a repository must not reach into the machine of who opens it, not even where its user agrees in haste. */
function checkShared(
  profile: Described,
  complain: (path: Path, message: string, about?: Complaint['about']) => void,
): void {
  const { local, connection, policy } = profile;
  for (const word of ['command', 'environment', 'file'] as const) {
    if (connection?.password && word in connection.password) {
      complain(
        ['connection', 'password', word],
        `a shared profile may not take its password from ${article(word)}: name a Secret of its namespace or the keychain, or copy the profile to your own file`,
        'key',
      );
    }
  }
  if (connection?.ca && 'file' in connection.ca) {
    complain(
      ['connection', 'ca', 'file'],
      'a shared profile may not name a file of this machine: name a Secret of its namespace, or copy the profile to your own file',
      'key',
    );
  }
  if (connection?.certificate && 'files' in connection.certificate) {
    complain(
      ['connection', 'certificate', 'files'],
      'a shared profile may not name files of this machine: name a Secret of its namespace, or copy the profile to your own file',
      'key',
    );
  }
  if (policy?.passwordless) {
    complain(
      ['policy', 'passwordless'],
      'a shared profile may not say which of your programs need no password: let it stand in overrides of your own file',
      'key',
    );
  }
  if (typeof local !== 'object') return;
  if ('socket' in local) {
    complain(
      ['local', 'socket'],
      'a shared profile may not name a path on this machine: name a port, or copy the profile to your own file',
      'key',
    );
  } else if (local.address !== undefined && !isLoopback(local.address)) {
    complain(
      ['local', 'address'],
      `a shared profile may listen on loopback alone, not on ${local.address}: copy the profile to your own file to open it to others`,
    );
  }
}

function article(word: 'command' | 'environment' | 'file'): string {
  return word === 'environment' ? 'an environment variable' : `a ${word}`;
}

/** The later of two profiles of one file that want the same local address is refused. */
export function checkLocals(
  profiles: readonly { readonly name: string; readonly profile: Profile }[],
  lineOf: (name: string) => number,
): Complaint[] {
  const complaints: Complaint[] = [];
  const taken: { name: string; local: NonNullable<Profile['local']> }[] = [];
  for (const { name, profile } of profiles) {
    const { local, off } = profile;
    if (local === undefined || off) continue;
    const owner = taken.find((other) => sameLocal(other.local, local));
    if (owner) {
      complaints.push({
        path: ['profiles', name, 'local'],
        about: 'value',
        message: `${localText(local)} is already that of ${owner.name} (line ${lineOf(owner.name)}): two profiles cannot listen on one address`,
      });
    } else taken.push({ name, local });
  }
  return complaints;
}

/** Keys that only the user's own file may have. */
export function checkOwnKeys(content: Pick<ProfileFileContent, 'overrides' | 'sources'>): Complaint[] {
  return (['overrides', 'sources'] as const)
    .filter((key) => content[key] !== undefined)
    .map((key) => ({
      path: [key],
      about: 'key',
      message: `${key} may stand in your own file alone, not in one that is shared`,
    }));
}
