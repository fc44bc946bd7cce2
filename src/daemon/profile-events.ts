import type { AuditEvent } from '../contract/audit-event.ts';
import type { ListedProfile, ProfileSnapshot } from '../contract/profile-snapshot.ts';
import { diffValues } from '../profile/canonical.ts';

type Snapshot = Pick<ProfileSnapshot, 'profiles' | 'sources'>;

/** What happened to profiles and their policy between two snapshots. Profiles of a source that was not looked at before are no news. Pure. */
export function profileEvents(before: Snapshot, after: Snapshot): AuditEvent[] {
  const was = new Map(before.profiles.map((profile) => [profile.id, profile]));
  const is = new Set(after.profiles.map(({ id }) => id));
  const known = new Set(before.sources.map(({ key }) => key));
  const events: AuditEvent[] = [];
  for (const profile of after.profiles) {
    const old = was.get(profile.id);
    if (old) events.push(...changesOf(old, profile));
    else if (known.has(profile.source)) events.push({ ...changed(profile), change: 'added' });
  }
  for (const profile of before.profiles) {
    if (!is.has(profile.id)) events.push({ ...changed(profile), change: 'removed' });
  }
  return events;
}

function changesOf(old: ListedProfile, now: ListedProfile): AuditEvent[] {
  const events: AuditEvent[] = [];
  const changes = diffValues(
    { ...old.written, override: old.override },
    { ...now.written, override: now.override },
  );
  if (changes.length > 0) events.push({ ...changed(now), change: 'changed', changes });
  const policy = diffValues({ policy: old.profile.policy }, { policy: now.profile.policy });
  if (policy.length > 0) events.push({ event: 'policy-changed', profile: now.id, changes: policy });
  if (old.trust.kind !== 'trusted' && now.trust.kind === 'trusted')
    events.push({ ...changed(now), change: 'agreed' });
  if (old.trust.kind !== 'untrusted' && now.trust.kind === 'untrusted')
    events.push({ ...changed(now), change: 'withdrawn' });
  return events;
}

function changed({ id, source, hash }: ListedProfile) {
  return { event: 'profile-changed', profile: id, source, hash } as const;
}
