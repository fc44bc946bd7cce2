import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';
import type { Candidate, CredentialPlan } from './candidate.ts';
import { named } from './credential-text.ts';
import type { DatabasePod } from './database-pod.ts';
import { operatorPlan } from './operators.ts';
import { environmentPlan } from './pod-environment.ts';

export interface Wanted {
  /** The role that the profile names; its credentials and no others are taken. */
  readonly user: string | undefined;
  readonly superuser: 'allow' | 'forbid';
  /** The names of the namespace's Secrets with these labels, never what they hold. */
  readonly list: (labelSelector: string) => Promise<readonly string[]>;
}

/** What a Secret holds under a key. */
export type ReadKey = (key: string) => string | undefined;

export interface FoundCredential {
  readonly candidate: Candidate;
  readonly password: Secret;
  readonly user: string | undefined;
  readonly database: string | undefined;
}

const maxShown = 10;

/** Where the credentials of a pod's database may be; undefined where nothing about the pod tells. Pure. */
export function credentialPlan(pod: DatabasePod, user: string | undefined): CredentialPlan | undefined {
  return operatorPlan(pod.metadata?.labels ?? {}, user) ?? environmentPlan(pod);
}

/**
 * The first credentials that are there, an application's before a superuser's. `read` resolves with undefined where there is no such Secret,
 * and what it rejects with ends the search: a Secret that may not be read is never passed over for a mightier one. Rejects with
 * SP-SECRET-NONE and SP-SECRET-CHOICE besides.
 */
export async function findCredential(
  plan: CredentialPlan,
  { read, ...wanted }: Wanted & { readonly read: (secret: string) => Promise<ReadKey | undefined> },
): Promise<FoundCredential> {
  const known = new Map<string, ReadKey | undefined>();
  for await (const candidate of inOrder(plan, wanted)) {
    const { secret } = candidate;
    if (!known.has(secret)) known.set(secret, await read(secret));
    const found = foundIn(candidate, known.get(secret));
    if (found && isRole(found.user, wanted)) return found;
  }
  throw none(plan, wanted);
}

/** The same without reading what a Secret holds: what is likely to be taken. */
export async function locateCredential(
  plan: CredentialPlan,
  { exists, ...wanted }: Wanted & { readonly exists: (secret: string) => Promise<boolean> },
): Promise<Candidate> {
  for await (const candidate of inOrder(plan, wanted)) {
    const { user } = candidate;
    const isOther = user && 'name' in user && !isRole(user.name, wanted);
    if (!isOther && (await exists(candidate.secret))) return candidate;
  }
  throw none(plan, wanted);
}

/** Names are listed only where those that are known lead nowhere: it takes a right that shows all Secrets of the namespace. */
async function* inOrder(plan: CredentialPlan, { superuser, list }: Wanted): AsyncGenerator<Candidate> {
  const { candidates, listed } = plan;
  yield* candidates.filter(({ rank }) => rank === 'application');
  if (listed) {
    const names = await list(listed.labelSelector);
    const found = names.flatMap((name) => listed.candidateOf(name) ?? []);
    if (found.length > 1) throw choice(found);
    yield* found;
  }
  if (superuser === 'allow') yield* candidates.filter(({ rank }) => rank === 'superuser');
}

function foundIn(candidate: Candidate, read: ReadKey | undefined): FoundCredential | undefined {
  const password = read?.(candidate.passwordKey);
  if (!read || !password) return undefined;
  const { user, database } = candidate;
  return {
    candidate,
    password: new Secret(password),
    user: user && ('name' in user ? user.name : (named(read(user.key)) ?? user.otherwise)),
    database: database && ('name' in database ? database.name : named(read(database.key))),
  };
}

/** A role that nothing names may be any. */
function isRole(found: string | undefined, { user }: Wanted): boolean {
  return user === undefined || found === undefined || found === user;
}

function none({ layout, candidates }: CredentialPlan, { user, superuser }: Wanted): AppError {
  const isRefused = superuser === 'forbid' && candidates.some(({ rank }) => rank === 'superuser');
  const looked = candidates.filter(({ rank }) => superuser === 'allow' || rank === 'application');
  return new AppError('SP-SECRET-NONE', {
    layout,
    ...(user !== undefined && { user }),
    looked: shown(looked.map(({ secret }) => secret)),
    ...(isRefused && { refused: 'a superuser, which the policy forbids' }),
  });
}

function choice(found: readonly Candidate[]): AppError {
  return new AppError('SP-SECRET-CHOICE', { known: shown(found.map(({ secret }) => secret)) });
}

function shown(names: readonly string[]): string {
  const all = [...new Set(names)];
  const more = all.length > maxShown ? [`and ${all.length - maxShown} more`] : [];
  return [...all.slice(0, maxShown), ...more].join(', ');
}
