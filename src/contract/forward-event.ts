import * as z from 'zod';
import { peerSchema } from './peer.ts';
import { podIdentitySchema } from './pod.ts';
import { errorDataSchema, tunnelStateSchema } from './tunnel-state.ts';

const at = { /** ms since the Unix epoch. */ atMs: z.number() };
/** Which of the ports on the command line, 0 first. */
const tunnel = { tunnel: z.number().int() };

/** What `sallyport forward --json` prints: one of these a line. Additions may come; a field never changes its meaning. */
export const forwardEventSchema = z.discriminatedUnion('event', [
  /** One bound local address; a unix socket has its path for address and no port. `remotePort` is the pod's, where it is known yet. */
  z.object({
    event: z.literal('listening'),
    ...at,
    ...tunnel,
    address: z.string(),
    port: z.number().int().optional(),
    remotePort: z.number().int().optional(),
  }),
  z.object({
    event: z.literal('state'),
    ...at,
    ...tunnel,
    shown: z.enum(['off', 'connecting', 'ready', 'waiting', 'needs you', 'paused']),
    state: tunnelStateSchema,
    held: z.number().int(),
    /** On ready after an outage: how long nothing could be served, ms, and how many held connections were served. */
    gapMs: z.number().optional(),
    served: z.number().int().optional(),
  }),
  z.object({
    event: z.literal('connection-start'),
    ...at,
    ...tunnel,
    connection: z.number().int(),
    pod: podIdentitySchema,
    /** Time between accept and the opened stream, ms. */
    heldMs: z.number(),
    /** Which local user has it, where that is known. */
    peer: peerSchema.optional(),
  }),
  z.object({
    event: z.literal('connection-end'),
    ...at,
    ...tunnel,
    connection: z.number().int(),
    /** From the pod to the client, and back. */
    receivedBytes: z.number(),
    sentBytes: z.number(),
    error: errorDataSchema.optional(),
  }),
  /** A connection was not let in. */
  z.object({ event: z.literal('connection-denied'), ...at, ...tunnel, error: errorDataSchema }),
  z.object({
    event: z.literal('error'),
    ...at,
    error: errorDataSchema,
    headline: z.string(),
    next: z.string(),
  }),
]);

export type ForwardEvent = z.infer<typeof forwardEventSchema>;

type Facts<E> = E extends unknown ? Omit<E, 'atMs' | 'tunnel'> : never;
/** What one tunnel tells of itself, before it is dated and numbered. */
export type TunnelFacts = Facts<Exclude<ForwardEvent, { event: 'error' }>>;
