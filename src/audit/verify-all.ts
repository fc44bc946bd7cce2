/** Verifies all logs of one user against all that is known of them here: keys, receivers' places, what one log notes of another. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownHead, VerifiedLog } from '../contract/audit-verdict.ts';
import { clusterHeads } from './cluster-log.ts';
import { logPlace } from './file-ends.ts';
import { readKnownKeys } from './known-keys.ts';
import { daemonSlot, slotFolders } from './log-slots.ts';
import { headsNotedOf } from './other-logs.ts';
import { cursorName, readCursor } from './ship/cursor.ts';
import { verify } from './verify.ts';

export interface VerifyAllOptions {
  /** Holds the folders of all logs. */
  readonly folder: string;
  /** One log alone. */
  readonly log?: string | undefined;
  /** Instead of those that this machine remembers. */
  readonly keys?: readonly string[] | undefined;
  /** The API server's audit log. */
  readonly clusterLog?: string | undefined;
}

/** Throws what the file system throws. */
export async function verifyAll(options: VerifyAllOptions): Promise<VerifiedLog[]> {
  const { folder, log: only, keys } = options;
  const known = await readKnownKeys(folder);
  const kept = new Set(known?.filter((each) => each.kept.in !== 'memory').map(({ key }) => key));
  const trustedKeys = keys ?? known?.map(({ key }) => key);
  const verified: VerifiedLog[] = [];
  for (const slot of await slotFolders(folder)) {
    if (only !== undefined && slot.name !== only) continue;
    // Before the files are read: a log that is being written then has them all.
    const knownHeads = await knownHeadsOf(slot, options);
    const verdict = await verify({ folder: slot.folder, knownHeads, ...(trustedKeys && { trustedKeys }) });
    verified.push({
      log: slot.name,
      verdict,
      trusted: keys ? 'given' : known ? 'known' : 'first',
      unkeptKeys: verdict.keys.filter((key) => !kept.has(key)),
      heldAgainst: [...new Set(knownHeads.map(({ from }) => from))],
    });
  }
  return verified;
}

async function knownHeadsOf(
  slot: { readonly name: string; readonly folder: string },
  { folder, clusterLog }: VerifyAllOptions,
): Promise<KnownHead[]> {
  const name = (await logPlace(slot.folder))?.log;
  const heads: KnownHead[] = [];
  // The daemon's log alone is shipped: a place in another one says that this one was begun anew.
  if (slot.name === daemonSlot) heads.push(...(await shippedHeads(folder)));
  if (name === undefined) return heads;
  if (slot.name !== daemonSlot) heads.push(...(await headsNotedOf(name, join(folder, daemonSlot))));
  if (clusterLog !== undefined) heads.push(...(await clusterHeads(clusterLog, name)));
  return heads;
}

async function shippedHeads(folder: string): Promise<KnownHead[]> {
  const heads: KnownHead[] = [];
  for (const file of await readdir(folder)) {
    const receiver = cursorName(file);
    const place = receiver === undefined ? undefined : await readCursor(join(folder, file));
    if (place) heads.push({ ...place.head, from: `the place of the receiver ${receiver}` });
  }
  return heads;
}
