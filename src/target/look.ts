import type { AppError } from '../base/app-error.ts';
import type { ErrorCode, ErrorDetails } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { Kind, Kinds } from '../kube/watch-resources.ts';
import type { RemotePort } from './target.ts';

/** What is known of a piece of the cluster: nothing yet, only that it cannot be had, or (as last known) what it is. */
export type Seen<T> =
  | { readonly kind: 'pending' }
  | { readonly kind: 'failed'; readonly error: AppError }
  | { readonly kind: 'known'; readonly value: T };

/**
 * How a rule sees the cluster. A rule is a plain function of what it sees; whatever it has looked at is watched, and the rule runs
 * again when that changes. What it no longer looks at is let go of.
 */
export interface Look {
  /** One object by name; known and undefined: there is none of that name. */
  one<K extends Kind>(kind: K, name: string): Seen<Kinds[K] | undefined>;
  /** All that a label selector matches. */
  all<K extends Kind>(kind: K, labelSelector: string): Seen<readonly Kinds[K][]>;
}

/** What a rule is asked for. */
export interface Question {
  readonly namespace: string;
  readonly port: RemotePort;
  /** The target as it is shown to people. */
  readonly target: string;
  /** The pod that was offered last: kept, by its UID, while it can serve. */
  readonly held: PodIdentity | undefined;
  /** The pod of this UID is not what is wanted: the next one, in the target's own order, where there is another. */
  readonly after?: string | undefined;
}

export type Answer = Resolution | 'pending';

export function none(code: ErrorCode, details: ErrorDetails): Resolution {
  return { kind: 'none', reason: { code, details } };
}

/** The answer where what it rests on is not known. */
export function unknown(seen: Exclude<Seen<unknown>, { readonly kind: 'known' }>): Answer {
  return seen.kind === 'pending' ? 'pending' : { kind: 'none', reason: seen.error.toData() };
}

export function isForbidden(seen: Seen<unknown>): boolean {
  return seen.kind === 'failed' && seen.error.code === 'SP-FORBIDDEN';
}
