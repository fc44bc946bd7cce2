import * as z from 'zod';
import type { ErrorCode } from './error-codes.ts';
import { podIdentitySchema } from './pod.ts';

export const errorDataSchema = z.object({
  /** Any text is read: a newer peer may know codes that this one does not. */
  code: z.string() as unknown as z.ZodType<ErrorCode, ErrorCode>,
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).optional()),
});

export const connectingStepSchema = z.enum([
  'approving',
  'recording',
  'credentials',
  'resolving',
  'dialling',
]);

/** Present where the user may not watch: changes are read every few seconds, so learnt of late. */
const polledSchema = z.literal(true).optional();

/** What is observed of one tunnel. Times are ms since the Unix epoch. */
export const tunnelStateSchema = z.discriminatedUnion('kind', [
  /** reason: why, where nobody asked for it. */
  z.object({ kind: z.literal('off'), reason: errorDataSchema.optional() }),
  z.object({ kind: z.literal('connecting'), step: connectingStepSchema, sinceMs: z.number() }),
  z.object({
    kind: z.literal('ready'),
    pod: podIdentitySchema,
    port: z.number(),
    polled: polledSchema,
    sinceMs: z.number(),
  }),
  z.object({
    kind: z.literal('waiting'),
    reason: errorDataSchema,
    /** The pod that is expected to answer next, where it is there already: often another one of the same name. */
    pod: podIdentitySchema.optional(),
    /** The pod that answered last, where there was one. */
    lastPod: podIdentitySchema.optional(),
    polled: polledSchema,
    sinceMs: z.number(),
  }),
  z.object({ kind: z.literal('blocked'), error: errorDataSchema, sinceMs: z.number() }),
]);

export type TunnelState = z.infer<typeof tunnelStateSchema>;

/** What the user asked for. Kept apart from what is observed. */
export type Wanted = 'on' | 'off' | 'paused';

export type ShownState = 'off' | 'connecting' | 'ready' | 'waiting' | 'needs you' | 'paused';
