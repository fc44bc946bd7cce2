import type { Profile } from '../contract/profile.ts';
import { isLoopback } from '../profile/local-address.ts';
import type { Cli } from './cli.ts';

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

/** Says it of a tunnel that other machines reach: nobody there can be told apart, so nobody is refused. */
export function warnIfOpen(name: string, addresses: readonly (string | undefined)[], { stderr }: Cli): void {
  const open = addresses.find((address) => address !== undefined && !isLoopback(address));
  if (open === undefined) return;
  stderr.write(`warning: ${name} listens on ${open}: other machines are let in without a check\n`);
}

/** The address that a profile names. */
export function addressOf({ local }: Pick<Profile, 'local'>): string | undefined {
  return typeof local === 'object' && 'port' in local ? local.address : undefined;
}
