/** Verifies all logs of one user against all that is known of them here: keys, receivers' places, what one log notes of another. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownHead, VerifiedLog } from '../contract/audit-verdict.ts';
import { clusterHeads } from './cluster-log.ts';
import { logPlace } from './file-ends.ts';
import { readKnownKeys } from './known-keys.ts';
import { daemonSlot, slotFolders } from './log-slots.ts';
import { headsNotedIn } from './other-logs.ts';
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
  const slots: NamedSlot[] = [];
  for (const slot of await slotFolders(folder)) {
    if (only !== undefined && slot.name !== only) continue;
    slots.push({ ...slot, log: (await logPlace(slot.folder))?.log });
  }
  // Before the files are read: a log that is being written then has them all.
  const headsOf = await knownHeads(slots, options);
  const verified: VerifiedLog[] = [];
  for (const slot of slots) {
    const knownHeads = headsOf(slot);
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

interface NamedSlot {
  readonly name: string;
  readonly folder: string;
  /** The log's name; undefined where no line of it can be read. */
  readonly log: string | undefined;
}

/** What is known elsewhere of each of these logs. Each place is read once, and only where it can know one of them. */
async function knownHeads(
  slots: readonly NamedSlot[],
  { folder, clusterLog }: VerifyAllOptions,
): Promise<(slot: NamedSlot) => KnownHead[]> {
  const isDaemons = ({ name }: NamedSlot) => name === daemonSlot;
  const named = slots.filter(({ log }) => log !== undefined);
  // The daemon's log alone is shipped: a place in another one says that this one was begun anew.
  const shipped = slots.some(isDaemons) ? await shippedHeads(folder) : [];
  const noted = named.every(isDaemons) ? undefined : await headsNotedIn(join(folder, daemonSlot));
  const stamped =
    clusterLog === undefined || named.length === 0
      ? []
      : await clusterHeads(
          clusterLog,
          named.map(({ log }) => log!),
        );
  return (slot) => {
    const { log } = slot;
    const own = isDaemons(slot) ? shipped : [];
    if (log === undefined) return own;
    const notes = isDaemons(slot) ? [] : (noted?.get(log) ?? []);
    return [...own, ...notes, ...stamped.filter((head) => log.startsWith(head.log))];
  };
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
