import * as z from 'zod';
import { tunnelIdSchema } from './control-tunnel.ts';
import { errorDataSchema } from './tunnel-state.ts';

/** The embedded sandbox cluster with a real Postgres that the daemon starts on request. It ends with the daemon. */
export const sandboxStatusSchema = z.discriminatedUnion('kind', [
  /** This daemon was not told how to start one. */
  z.object({ kind: z.literal('unavailable') }),
  /** Error: why the last one did not start, or ended unasked. */
  z.object({ kind: z.literal('off'), error: errorDataSchema.optional() }),
  z.object({
    kind: z.literal('starting'),
    step: z.enum(['cluster', 'database', 'tunnel']),
    sinceMs: z.number(),
  }),
  z.object({
    kind: z.literal('running'),
    /** The tunnel to its Postgres. It is no more once somebody took it down; starting again brings it back. */
    tunnel: tunnelIdSchema,
    pod: z.string(),
    namespace: z.string(),
    kubeconfig: z.string(),
    sinceMs: z.number(),
  }),
  z.object({ kind: z.literal('stopping') }),
]);

export type SandboxStatus = z.infer<typeof sandboxStatusSchema>;

/** What the process of a sandbox says, one JSON text a line. It ends when its input does. */
export const sandboxMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('database') }),
  z.object({
    kind: z.literal('ready'),
    kubeconfig: z.string(),
    namespace: z.string(),
    pod: z.string(),
    target: z.string(),
    port: z.int(),
    user: z.string(),
    database: z.string(),
    /** Of the Secret that has the password. */
    secret: z.object({ name: z.string(), key: z.string() }),
  }),
  z.object({ kind: z.literal('failed'), error: errorDataSchema }),
]);

export type SandboxMessage = z.infer<typeof sandboxMessageSchema>;

/** A line that the process of a sandbox reads: the pod is deleted, and its StatefulSet makes a new one. */
export const restartPodOrder = 'restart-pod';
