import * as z from 'zod';
import { auditHeadSchema } from './audit-event.ts';

/** A head that is known from elsewhere: the cluster's audit log, a shipper's receiver. `hash` may be its beginning alone. */
export const knownHeadSchema = z.object({
  ...auditHeadSchema.shape,
  /** Where it is known from, for people. */
  from: z.string(),
});
export type KnownHead = z.infer<typeof knownHeadSchema>;

/**
 * What is wrong with a line. changed: not what was written. missing: lines before it are gone. order: it stands at another place than it
 * was written. form: no line of such a log. signature: a checkpoint that its key did not sign. key: one that a key signed which is not
 * trusted. beginning: the log's first lines are gone, and no signed line says that they were dropped. unsigned: more lines without a
 * checkpoint than a log ever has. known-head: the line is not what others know of it.
 */
export const auditFaultSchema = z.enum([
  'changed',
  'missing',
  'order',
  'form',
  'signature',
  'key',
  'beginning',
  'unsigned',
  'known-head',
]);
export type AuditFault = z.infer<typeof auditFaultSchema>;

const found = {
  files: z.int(),
  lines: z.int(),
  /** The last whole line; seq 0 where there is none. */
  head: auditHeadSchema,
  /** The last checkpoint, and how many lines after it nothing signs yet. */
  signed: auditHeadSchema.optional(),
  unsignedLines: z.int(),
  /** Keys that signed, base64url. */
  keys: z.array(z.string()),
  /** The last line that retention dropped. */
  droppedTo: auditHeadSchema.optional(),
  /** How often a writer found its last lines damaged, as a crash leaves them, and cut them off. */
  tailsCut: z.int(),
  /** Events that were refused because nothing could be written. */
  lostEvents: z.int(),
  /** The log ends in the middle of a line: a crash, or it is being written now. */
  torn: z.object({ file: z.string(), bytes: z.int() }).optional(),
};

export const auditVerdictSchema = z.discriminatedUnion('kind', [
  /** Nothing was changed, and nothing is missing before the last line that is signed or known elsewhere. */
  z.object({ kind: z.literal('intact'), ...found }),
  /** The lines fit each other, but nothing signs any of them: anybody may have written them. */
  z.object({ kind: z.literal('unsigned'), ...found }),
  /** The log ends before a line that others know: its end was cut off. A crash loses only lines that nobody knows. */
  z.object({ kind: z.literal('cut'), ...found, known: knownHeadSchema }),
  z.object({
    kind: z.literal('broken'),
    ...found,
    /** The first bad line, from 1 in its file. Where it was cut, changed or moved, by what its neighbours say. */
    file: z.string(),
    line: z.int(),
    fault: auditFaultSchema,
    /** One sentence for people. */
    why: z.string(),
  }),
]);
export type AuditVerdict = z.infer<typeof auditVerdictSchema>;

export const verifiedLogSchema = z.object({
  /** daemon, forward-1 and so on; of one whose folder is gone the log's own name. */
  log: z.string(),
  verdict: auditVerdictSchema,
  /**
   * Whose signatures counted. given: by who asked. known: keys that this machine remembers to have used. first: that of the log's first
   * checkpoint, as nothing else is known.
   */
  trusted: z.enum(['given', 'known', 'first']),
  /** Of the keys that signed, those that no keychain is known to have kept: they lasted for one run. */
  unkeptKeys: z.array(z.string()),
  /** Who else knew heads that it was held against. */
  heldAgainst: z.array(z.string()),
});
export type VerifiedLog = z.infer<typeof verifiedLogSchema>;
