import type { Profile } from './profile.ts';

/**
 * Whether programs log in at a tunnel with a password of its own, and the daemon at the database with the real one. Without a source of real credentials
 * bytes are passed on, so that a program which brings them works unchanged.
 */
export function usesGateway({
  kind,
  connection,
  policy,
}: Pick<Profile, 'kind' | 'connection'> & { readonly policy?: Profile['policy'] }): boolean {
  const { password, certificate } = connection ?? {};
  const hasSource = password !== undefined || certificate !== undefined;
  return kind === 'postgres' && hasSource && policy?.gateway !== false;
}
