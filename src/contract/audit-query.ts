import * as z from 'zod';
import { auditRecordSchema } from './audit-event.ts';

/** Which events are asked for; each field narrows it further. */
export const auditFilterSchema = z.strictObject({
  /** A tunnel's or profile's id, or its name alone: then of any source. */
  tunnel: z.string().optional(),
  profile: z.string().optional(),
  /** Any of these kinds. */
  events: z.array(z.string()).optional(),
  /** Milliseconds since the Unix epoch, from and up to but not including. */
  sinceMs: z.number().optional(),
  untilMs: z.number().optional(),
  podUid: z.string().optional(),
  /** As the cluster knows the user. */
  user: z.string().optional(),
  databaseUser: z.string().optional(),
  /** As in the API server's audit log. */
  auditId: z.string().optional(),
});
export type AuditFilter = z.infer<typeof auditFilterSchema>;

/** One event with the log that has it: daemon, forward-1 and so on. */
export const listedRecordSchema = z.object({ log: z.string(), record: auditRecordSchema });
export type ListedRecord = z.infer<typeof listedRecordSchema>;

/** The names of logs: daemon, forward-1 and so on. */
export const logNamePattern = /^(daemon|forward-\d{1,2})$/;
