import type { AuditHead, AuditLogEvent } from '../contract/audit-event.ts';
import type { AuditFault, KnownHead } from '../contract/audit-verdict.ts';
import { emptyHead, hashOf, isEvent, type LineFrame, readFrame } from './audit-line.ts';
import { CheckpointReader } from './checkpoint.ts';

/** More lines without a checkpoint than a writer ever leaves, also where it ends in between. */
export const maxUnsignedLines = 20_000;

export interface Place {
  readonly file: string;
  /** From 1 in the file. */
  readonly line: number;
}

export interface Finding extends Place {
  readonly fault: AuditFault;
  readonly why: string;
}

export interface ChainCheckOptions {
  /** Keys whose checkpoints count, base64url. Default: the key of the first checkpoint. */
  readonly trustedKeys?: readonly string[];
  readonly knownHeads?: readonly KnownHead[];
}

/**
 * Follows a chain line by line and says what does not fit. What is first seen at one line may be the fault of the line before; the line
 * after tells, by the hash that it names: so a finding may come one line late. It needs no JSON but in the few lines of the log's own.
 */
export class ChainCheck {
  readonly #checkpoints = new CheckpointReader();
  readonly #trusted: Set<string> | undefined;
  /** The heads to come, by sequence number. */
  readonly #known: readonly KnownHead[];
  #nextKnown = 0;
  #place: Place | undefined;
  #suspects: { readonly before: Finding; readonly own: Finding; readonly hash: string } | undefined;

  readonly keys = new Set<string>();
  /** The line before the first one here. */
  start: AuditHead | undefined;
  head: AuditHead = emptyHead;
  signed: AuditHead | undefined;
  lines = 0;
  tailsCut = 0;
  lostEvents = 0;
  /** Last lines of dropped files, by sequence number; those that a checkpoint covers, and those that none does yet. */
  readonly dropped = new Map<number, AuditHead>();
  #unsignedDrops: AuditHead[] = [];

  constructor({ trustedKeys, knownHeads = [] }: ChainCheckOptions = {}) {
    this.#trusted = trustedKeys && new Set(trustedKeys);
    this.#known = [...knownHeads].sort((a, b) => a.seq - b.seq);
  }

  get unsignedLines(): number {
    return this.head.seq - (this.signed?.seq ?? this.start?.seq ?? 0);
  }

  /** The next line, without its line feed. Undefined while nothing is wrong; after a finding it may not be called again. */
  add(line: string, place: Place): Finding | undefined {
    const frame = readFrame(line);
    if (this.#suspects) {
      const { before, own, hash } = this.#suspects;
      // The line after vouches for the one that disagreed with the line before.
      return frame?.prev === hash ? before : own;
    }
    if (!frame) return { ...place, fault: 'form', why: 'this is no line of an audit log' };
    const hash = hashOf(line);
    this.start ??= { seq: frame.seq - 1, hash: frame.prev };
    if (this.lines === 0) this.head = this.start;
    if (frame.seq !== this.head.seq + 1) return this.#outOfOrder(frame, place);
    const before = this.#place;
    this.#place = place;
    if (frame.prev !== this.head.hash) return this.#disagree(line, { hash, before: before ?? place, place });
    this.lines++;
    this.head = { seq: frame.seq, hash };
    return this.#knownHead(place) ?? this.#ownEvent(line, frame, place);
  }

  /** After the last line: what no further line can tell. */
  end(): Finding | undefined {
    return this.#suspects?.own;
  }

  /** The first head that is known elsewhere and lies behind the end. */
  get missingHead(): KnownHead | undefined {
    return this.#known.at(-1) && this.#known.find(({ seq }) => seq > this.head.seq);
  }

  #outOfOrder({ seq, prev }: LineFrame, place: Place): Finding {
    const expected = this.head.seq + 1;
    if (prev === this.head.hash)
      return {
        ...place,
        fault: 'changed',
        why: `its number is ${seq}, though it follows line ${this.head.seq}`,
      };
    // The log's second line, or its first, cannot follow a later one.
    if (this.lines === 1 && seq <= 2)
      return { ...this.#place!, fault: 'order', why: `it is number ${this.head.seq}, before number ${seq}` };
    if (seq < expected)
      return { ...place, fault: 'order', why: `it is number ${seq} where number ${expected} belongs` };
    const gone = seq - expected;
    return {
      ...place,
      fault: 'missing',
      why: `${gone === 1 ? `number ${expected} is` : `numbers ${expected} to ${seq - 1} are`} missing before it`,
    };
  }

  #disagree(
    line: string,
    { hash, before, place }: { hash: string; before: Place; place: Place },
  ): Finding | undefined {
    const own: Finding = {
      ...place,
      fault: 'changed',
      why: 'it, or the line before it, was changed: it names another hash than that line has',
    };
    const changed: Finding = {
      ...before,
      fault: 'changed',
      why: 'its hash is not the one that the next line names',
    };
    // A signature vouches for its line at once.
    if (this.#checkpoints.signedBy(line)) return changed;
    this.#suspects = { before: changed, own, hash };
    return undefined;
  }

  #knownHead(place: Place): Finding | undefined {
    let finding: Finding | undefined;
    for (let known = this.#known[this.#nextKnown]; known && known.seq <= this.head.seq; ) {
      if (known.seq === this.head.seq && !this.head.hash.startsWith(known.hash))
        finding ??= { ...place, fault: 'known-head', why: `${known.from} knows another line of this number` };
      known = this.#known[++this.#nextKnown];
    }
    return finding;
  }

  #ownEvent(line: string, frame: LineFrame, place: Place): Finding | undefined {
    if (isEvent(line, frame, 'checkpoint')) return this.#checkpoint(line, place);
    if (isEvent(line, frame, 'tail-cut')) this.tailsCut++;
    else if (isEvent(line, frame, 'events-lost')) this.lostEvents += lostIn(line);
    else if (isEvent(line, frame, 'file-dropped')) this.#unsignedDrops.push(...droppedIn(line));
    if (this.unsignedLines > maxUnsignedLines)
      return { ...place, fault: 'unsigned', why: `no checkpoint in the last ${maxUnsignedLines} lines` };
    return undefined;
  }

  #checkpoint(line: string, place: Place): Finding | undefined {
    const key = this.#checkpoints.signedBy(line);
    if (key === undefined)
      return { ...place, fault: 'signature', why: 'its signature is not by the key that it names' };
    const trusted = this.#trusted ?? this.keys;
    if (trusted.size > 0 && !trusted.has(key))
      return { ...place, fault: 'key', why: `it is signed by the key ${key}, which is not trusted` };
    this.keys.add(key);
    this.signed = this.head;
    for (const head of this.#unsignedDrops.splice(0)) this.dropped.set(head.seq, head);
    return undefined;
  }
}

function lostIn(line: string): number {
  const event = parsed(line);
  return event?.event === 'events-lost' ? event.count : 0;
}

function droppedIn(line: string): AuditHead[] {
  const event = parsed(line);
  return event?.event === 'file-dropped' ? [event.last] : [];
}

function parsed(line: string): AuditLogEvent | undefined {
  try {
    return JSON.parse(line) as AuditLogEvent;
  } catch {
    return undefined;
  }
}
