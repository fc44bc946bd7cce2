/**
 * A log's head as others keep it: in the User-Agent of port-forward requests, so in the API server's audit log, out of reach of who
 * could change the file here. Half of a SHA-256 is enough: to fit it, a forger would have to find a second preimage of 128 bits.
 */
import type { AuditHead } from '../contract/audit-event.ts';
import type { KnownHead } from '../contract/audit-verdict.ts';

const hashDigits = 32;
const pattern = /\bsallyport-audit\/([0-9a-f]{8})\.(\d{1,15})\.([0-9a-f]{32})\b/;

/** A product token for a User-Agent: sallyport-audit/LOG.SEQ.HASH. */
export function headStamp(log: string, { seq, hash }: AuditHead): string {
  return `sallyport-audit/${log.slice(0, 8)}.${seq}.${hash.slice(0, hashDigits)}`;
}

export interface StampedHead extends KnownHead {
  /** First eight characters of the log's name. */
  readonly log: string;
}

/** The head that a text names; `from` says where the text was. */
export function readHeadStamp(text: string, from: string): StampedHead | undefined {
  const found = pattern.exec(text);
  if (!found) return undefined;
  const [, log, seq, hash] = found;
  return { log: log!, seq: Number(seq), hash: hash!, from };
}
