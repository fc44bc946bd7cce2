import * as z from 'zod';

/** Which events are asked for; each field narrows it further. */
export const auditFilterSchema = z.strictObject({
  /** A tunnel's id. */
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
