import type { Profile } from '../contract/profile.ts';
import type { ProfileStore } from '../profile/profile-store.ts';
import type { ManagedTunnel } from './managed-tunnel.ts';
import { adHocOf, isSwitchedOff } from './tunnel-definition.ts';
import type { WantedFile, WantedTunnel } from './wanted-file.ts';

/** What it runs with, as it is bound to while its profile may not or can no longer be used. */
export function profileOf(tunnel: ManagedTunnel): Profile | undefined {
  const { access, profile, problem } = tunnel.running ?? tunnel.definition;
  if (access.kind !== 'cluster' || problem || profile.namespace === undefined) return undefined;
  return { ...profile, namespace: profile.namespace, cluster: access.cluster };
}

/** What is to be remembered of a tunnel that is up or paused: what it runs with, not what it would be next. */
export function wantedRecord(tunnel: ManagedTunnel, profile: Profile | undefined): WantedTunnel {
  const { id, wanted, upSinceMs } = tunnel;
  const adHoc = adHocOf(tunnel.running ?? tunnel.definition);
  return { id, wanted, upSinceMs, ...(adHoc ? { adHoc } : { profile }) };
}

/** It is not wanted any more. One that is on demand would come back by itself: that it is not wanted has to be remembered. */
export function forgetWanted(wanted: WantedFile, { id, definition }: ManagedTunnel): Promise<void> {
  const { origin, profile, problem } = definition;
  if (profile.onDemand && origin.kind === 'profile' && !(problem && isSwitchedOff(problem)))
    return wanted.want({ id, wanted: 'off' });
  return wanted.drop(id, { forgetPort: origin.kind === 'ad-hoc' });
}

/** Folders of the projects that what is remembered belongs to. */
export function projectsOf({ tunnels, projects }: WantedFile): string[] {
  const folders = [...tunnels.keys()].flatMap((id) => {
    const at = id.lastIndexOf('/sallyport.yaml/');
    return at > 0 ? [id.slice(0, at)] : [];
  });
  return [...new Set([...folders, ...projects])];
}

/** An on-demand profile that its source has no more needs nothing that keeps it down. */
export async function forgetVanished(wanted: WantedFile, profiles: ProfileStore): Promise<void> {
  const { sources } = profiles.snapshot;
  const vanished = [...wanted.tunnels.values()].filter(
    ({ id, wanted: then }) =>
      then === 'off' &&
      profiles.find(id).kind === 'unknown' &&
      sources.some(({ key, state }) => state === 'read' && id.startsWith(`${key}/`)),
  );
  await Promise.all(vanished.map(({ id }) => wanted.drop(id, { forgetPort: true }).catch(() => {})));
}
