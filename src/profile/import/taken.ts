import type { ProfileSnapshot } from '../../contract/profile-snapshot.ts';
import { localPortOf } from '../local-address.ts';
import { suggestPort } from './cluster-object.ts';

/** Names and local ports that are in use. */
export interface Taken {
  readonly takenNames: readonly string[];
  readonly takenPorts: readonly number[];
}

/** Ports that are tried for a free one. */
const maxTries = 100;

/** By profiles of whatever source; one that is refused has its name all the same. */
export function takenBy({ profiles, refused }: Pick<ProfileSnapshot, 'profiles' | 'refused'>): Taken {
  const own = profiles.map(({ name }) => name);
  const broken = refused.map(({ id }) => id.slice(id.lastIndexOf('/') + 1));
  const takenPorts = profiles.flatMap(({ profile }) => localPortOf(profile.local) ?? []);
  return { takenNames: [...own, ...broken], takenPorts };
}

/** One that is easy to remember, not taken and free now. Undefined: the daemon takes any free one when the tunnel starts, and keeps it. */
export async function freeLocalPort(
  remotePort: number,
  taken: Iterable<number>,
  isFree: (port: number) => Promise<boolean>,
): Promise<number | undefined> {
  const busy = new Set(taken);
  for (let tries = 0; tries < maxTries; tries++) {
    const local = suggestPort(remotePort, (port) => busy.has(port));
    // None is left up to the last.
    if (busy.has(local)) return undefined;
    if (await isFree(local)) return local;
    busy.add(local);
  }
  return undefined;
}
