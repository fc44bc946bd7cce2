import type { Profile } from './profile.ts';

/**
 * Whether programs log in at a tunnel with a password of its own, and the daemon at the database with the real one. Without a source of the real one
 * bytes are passed on, so that a program which brings it works unchanged.
 */
export function usesGateway({
  kind,
  connection,
  policy,
}: Pick<Profile, 'kind' | 'connection'> & { readonly policy?: Profile['policy'] }): boolean {
  return kind === 'postgres' && connection?.password !== undefined && policy?.gateway !== false;
}
