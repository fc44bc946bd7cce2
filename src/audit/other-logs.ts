import { auditLogEventSchema } from '../contract/audit-event.ts';
import type { KnownHead } from '../contract/audit-verdict.ts';
import type { AuditLog } from './audit-log.ts';
import { logPlace } from './file-ends.ts';
import { slotFolders } from './log-slots.ts';
import { readRecords } from './read-records.ts';

/**
 * Notes in one log where all others of the machine stand, so that who cuts the end of one has to forge two, and this one is anchored in
 * the cluster. For the daemon, when it starts and once a day. Throws what the file system throws.
 */
export async function noteOtherLogs({ log, folder }: { log: AuditLog; folder: string }): Promise<void> {
  for (const other of await slotFolders(folder)) {
    const place = await logPlace(other.folder);
    if (place && place.log !== log.log) log.append({ event: 'other-log', log: place.log, ...place.head });
  }
}

/** What the log in `folder` knows of others, by their names: to be given to `verify`. */
export async function headsNotedIn(folder: string): Promise<ReadonlyMap<string, KnownHead[]>> {
  const heads = new Map<string, KnownHead[]>();
  for await (const { record } of readRecords({ folder, filter: { events: ['other-log'] } })) {
    const { data } = auditLogEventSchema.safeParse(record);
    if (data?.event !== 'other-log') continue;
    const head = { seq: data.seq, hash: data.hash, from: `the daemon's log, line ${record.seq}` };
    const known = heads.get(data.log);
    if (known) known.push(head);
    else heads.set(data.log, [head]);
  }
  return heads;
}
