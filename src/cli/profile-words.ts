import type { Profile } from '../contract/profile.ts';

/** Where programs on this machine connect, as the profile has it; empty where a free port is taken. */
export function localText({ local }: Pick<Profile, 'local'>): string {
  if (local === undefined) return '';
  if (typeof local === 'number') return `:${local}`;
  return 'socket' in local ? local.socket : `${local.address ?? ''}:${local.port}`;
}

/** data/statefulset/postgres/0:5432 */
export function targetWords({ namespace, target, port }: Profile): string {
  return `${namespace}/${target}:${port}`;
}
