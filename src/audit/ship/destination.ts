import type { AuditRecord } from '../../contract/audit-event.ts';

/** One line of the log on its way out. */
export interface ShippedLine {
  /** As it stands in the file, without its line feed: with its number and hash a receiver can prove what came before it. */
  readonly line: string;
  readonly record: AuditRecord;
}

export interface ShippedBatch {
  /** The log's name. */
  readonly log: string;
  /** At least one, in order, without gaps but those that retention left. */
  readonly lines: readonly ShippedLine[];
}

export type Sent =
  /** The receiver has them; `rejected` of them it said it cannot use, and should not be sent again. */
  | { readonly kind: 'taken'; readonly rejected?: number; readonly why?: string }
  /** It does not have them all, as far as is known: all are sent again, not before `afterMs` where it asked for that. */
  | { readonly kind: 'later'; readonly why: string; readonly afterMs?: number }
  /** It says that it will not take them as they are; somebody has to look. They are kept and tried now and then. */
  | { readonly kind: 'refused'; readonly why: string };

/** Where lines are sent. */
export interface Destination {
  /** Resolves within a stated time; rejects only when aborted. */
  send(batch: ShippedBatch, signal: AbortSignal): Promise<Sent>;
}
