import * as z from 'zod';
import { auditHeadSchema } from './audit-event.ts';
import { keptSchema } from './control-password.ts';

export const shipperKindSchema = z.enum(['otlp', 'syslog', 'webhook']);

const shipper = {
  name: z.string(),
  to: shipperKindSchema,
};

/** One receiver of the log. */
export const shipperStatusSchema = z.discriminatedUnion('state', [
  /** It has all up to line `sent`; `behind` are on their way. `rejected` of them it could not use. */
  z.object({ ...shipper, state: z.literal('shipping'), sent: z.int(), behind: z.int(), rejected: z.int() }),
  /** It is tried again by itself. refused: it will not take them as they are. */
  z.object({
    ...shipper,
    state: z.enum(['waiting', 'refused']),
    sent: z.int(),
    behind: z.int(),
    rejected: z.int(),
    why: z.string(),
    sinceMs: z.number(),
  }),
  /** Its settings cannot be used: nothing is sent before the daemon's next start. */
  z.object({ ...shipper, state: z.literal('off'), why: z.string() }),
]);

export type ShipperStatus = z.infer<typeof shipperStatusSchema>;

/** The daemon's audit log as it is now. */
export const auditStatusSchema = z.object({
  folder: z.string(),
  state: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('starting') }),
    /** `unsigned`: why the last checkpoint could not be signed. */
    z.object({ kind: z.literal('writing'), unsigned: z.string().optional() }),
    /** Nothing can be written now; it is tried again by itself. `code` is the file system's. */
    z.object({
      kind: z.literal('unavailable'),
      why: z.enum(['full', 'unwritable']),
      code: z.string(),
      sinceMs: z.number(),
    }),
  ]),
  /** The last line on disk; absent before the first. */
  head: auditHeadSchema.optional(),
  /** What signs it, and where that is kept; absent until the keychain has answered. */
  key: z.object({ key: z.string(), kept: keptSchema }).optional(),
  shippers: z.array(shipperStatusSchema),
});

export type AuditStatus = z.infer<typeof auditStatusSchema>;
