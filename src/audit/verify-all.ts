/** Verifies all logs of one user against all that is known of them here: keys, receivers' places, what one log notes of another. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditVerdict, KnownHead, VerifiedLog } from '../contract/audit-verdict.ts';
import { emptyHead } from './audit-line.ts';
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
  const noted = await headsNotedIn(join(folder, daemonSlot));
  const headsOf = await knownHeads(slots, { ...options, noted });
  const verified: VerifiedLog[] = [];
  for (const slot of slots) {
    const knownHeads = headsOf(slot);
    const found = await verify({ folder: slot.folder, knownHeads, ...(trustedKeys && { trustedKeys }) });
    const verdict = copied(found, slot, slots);
    verified.push({
      log: slot.name,
      verdict,
      trusted: keys ? 'given' : known ? 'known' : 'first',
      unkeptKeys: verdict.keys.filter((key) => !kept.has(key)),
      heldAgainst: [...new Set(knownHeads.map(({ from }) => from))],
    });
  }
  return only === undefined ? [...verified, ...gone(slots, noted)] : verified;
}

/** A log that stands in two places tells what happened once as if it had twice. */
function copied(verdict: AuditVerdict, { log, name }: NamedSlot, slots: readonly NamedSlot[]): AuditVerdict {
  const first = slots.find((slot) => slot.log === log);
  if (log === undefined || verdict.kind === 'broken' || !first || first.name === name) return verdict;
  const { kind: _, ...found } = verdict;
  const why = `it is a copy of the log ${first.name}`;
  return { ...found, kind: 'broken', file: name, line: 1, fault: 'order', why };
}

/** Logs that the daemon's knows and that are not there any more. They have no folder to be called by. */
function gone(slots: readonly NamedSlot[], noted: NotedHeads): VerifiedLog[] {
  const there = new Set(slots.map(({ log }) => log));
  return [...noted].flatMap(([log, heads]) => {
    const known = heads.at(-1);
    if (there.has(log) || !known) return [];
    const heldAgainst = [...new Set(heads.map(({ from }) => from))];
    return [
      { log, verdict: { kind: 'cut', ...nothing, known }, trusted: 'first', unkeptKeys: [], heldAgainst },
    ];
  });
}

const nothing = {
  files: 0,
  lines: 0,
  head: emptyHead,
  unsignedLines: 0,
  keys: [],
  tailsCut: 0,
  lostEvents: 0,
};

/** By the names of logs, oldest first. */
type NotedHeads = ReadonlyMap<string, KnownHead[]>;

interface NamedSlot {
  readonly name: string;
  readonly folder: string;
  /** The log's name; undefined where no line of it can be read. */
  readonly log: string | undefined;
}

/** What is known elsewhere of each of these logs. Each place is read once, and only where it can know one of them. */
async function knownHeads(
  slots: readonly NamedSlot[],
  { folder, clusterLog, noted }: VerifyAllOptions & { readonly noted: NotedHeads },
): Promise<(slot: NamedSlot) => KnownHead[]> {
  const isDaemons = ({ name }: NamedSlot) => name === daemonSlot;
  const named = slots.filter(({ log }) => log !== undefined);
  // The daemon's log alone is shipped: a place in another one says that this one was begun anew.
  const shipped = slots.some(isDaemons) ? await shippedHeads(folder) : [];
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
    const notes = isDaemons(slot) ? [] : (noted.get(log) ?? []);
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
