import * as z from 'zod';
import { peerSchema } from './peer.ts';
import { podIdentitySchema } from './pod.ts';
import { profileNameSchema, profileSchema } from './profile.ts';
import { sourceKindSchema } from './profile-snapshot.ts';
import { errorDataSchema, tunnelStateSchema } from './tunnel-state.ts';

/** Of a tunnel: SOURCE/NAME of its profile, or ad-hoc/NAME. */
export const tunnelIdSchema = z.string().min(1).max(4_500);

export const boundAddressSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('tcp'), address: z.string(), port: z.int() }),
  z.object({ kind: z.literal('unix'), path: z.string() }),
]);

export const shownStateSchema = z.enum(['off', 'connecting', 'ready', 'waiting', 'needs you', 'paused']);

/** A tunnel that no profile describes. Context and namespace default to those of the kubeconfig. */
export const adHocSchema = z.strictObject({
  name: profileNameSchema,
  /** Absolute. Default: the files that the daemon found when it started. */
  kubeconfig: z.string().min(1).max(4_096).optional(),
  context: z.string().min(1).max(253).optional(),
  namespace: profileSchema.shape.namespace.optional(),
  target: profileSchema.shape.target,
  port: profileSchema.shape.port,
  local: profileSchema.shape.local,
  kind: profileSchema.shape.kind,
  /** No program: who may ask for a tunnel may not have one run by whoever asks for its password. */
  connection: profileSchema.shape.connection
    .refine(
      (connection) => !connection?.password || !('command' in connection.password),
      'a tunnel without a profile takes its password from a Secret, the keychain, a variable or a file',
    )
    .refine(
      (connection) => !connection?.certificate || !('files' in connection.certificate),
      'a tunnel without a profile takes its client certificate from a Secret',
    ),
});

export type AdHoc = z.infer<typeof adHocSchema>;

/** Counted since the daemon's start. Bytes are those of connections that ended and of those that run. */
export const trafficSchema = z.object({
  /** From pods to clients, and back. */
  receivedBytes: z.number(),
  sentBytes: z.number(),
  /** Connections that reached a pod, and those that ended without. */
  served: z.int(),
  failed: z.int(),
  /** Times it was ready again after an outage. */
  recoveries: z.int(),
});

/** How long new connections took into the pod, without the time that they were held: of the newest, at most 100. */
export const connectTimesSchema = z.object({
  p50Ms: z.number(),
  p99Ms: z.number(),
  /** Of how many. */
  samples: z.int(),
});

/** What of its policy ends a tunnel, as things are. */
export const tunnelLimitSchema = z.object({
  /** Counted from upSinceMs, or from the last connection. */
  kind: z.enum(['time', 'idle']),
  limitMs: z.number(),
  endsAtMs: z.number(),
  /** True from five minutes before, or in the last tenth of a shorter limit: its user is to be told. */
  isNear: z.boolean(),
});

/** A profile or an ad hoc target on this machine: one listener, one state. Every profile that may start has one, up or not. */
export const tunnelSchema = z.object({
  id: tunnelIdSchema,
  name: z.string(),
  origin: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('profile'), source: z.string(), sourceKind: sourceKindSchema }),
    z.object({ kind: z.literal('ad-hoc') }),
  ]),
  description: z.string().optional(),
  kind: z.enum(['postgres', 'mysql', 'redis', 'mongodb', 'http', 'tcp']),
  /** What its clients need to know: database, user, TLS, and where the password is, never the password. */
  connection: profileSchema.shape.connection,
  environment: z.enum(['development', 'staging', 'production']).optional(),
  namespace: z.string().optional(),
  target: z.string(),
  port: z.union([z.int(), z.string()]),
  /** Where the cluster is, once that is known. */
  cluster: z.object({ context: z.string(), server: z.string() }).optional(),
  wanted: z.enum(['on', 'off', 'paused']),
  state: tunnelStateSchema,
  shown: shownStateSchema,
  /** Its port is bound while it is wanted, but cluster and credentials are touched only while clients are there. */
  onDemand: z.boolean(),
  /** Bound now; empty while the tunnel is off. */
  addresses: z.array(boundAddressSchema),
  /** The local port that it has, or will have again; absent before it had one, and for a unix socket. */
  localPort: z.int().optional(),
  /** Clients now, and those among them that wait for a pod. */
  connections: z.int(),
  held: z.int(),
  traffic: trafficSchema,
  /** Absent before its first connection, and of a daemon that did not measure it. */
  connectTimes: connectTimesSchema.optional(),
  /** When it was last asked to be up, ms since the epoch. */
  upSinceMs: z.number().optional(),
  /** The limit that comes first; absent where none counts now. An on-demand tunnel is not ended by it but let go of until the next client. */
  limit: tunnelLimitSchema.optional(),
  lastError: z.object({ atMs: z.number(), error: errorDataSchema }).optional(),
  /** Given by who started it, where the policy asks for one. */
  reason: z.string().optional(),
  /** Why nothing of it can be recorded now: it is up all the same, as it is none of production. */
  unrecorded: errorDataSchema.optional(),
  /** Programs log in with the tunnel's own password. Absent: of a daemon that has no gateway. */
  gateway: z.boolean().optional(),
  /** What its user should know of the database, as sentences. */
  notices: z.array(z.string()).optional(),
  /** Questions that wait for an answer. */
  questions: z.array(z.string()),
  /** Its profile is not what it was started with any more: a restart takes it up. */
  profileChanged: z.boolean(),
  /** Why a restart would not take it up but leave the tunnel down: its profile is not agreed to, refused, switched off or gone by now. */
  profileProblem: errorDataSchema.optional(),
});

export type TunnelEntity = z.infer<typeof tunnelSchema>;

/** One change of state, and which pod answered: the tunnel's past as people ask for it. */
export const historyEntrySchema = z.object({
  atMs: z.number(),
  wanted: z.enum(['on', 'off', 'paused']),
  state: tunnelStateSchema,
  shown: shownStateSchema,
  held: z.int(),
  /** On ready after an outage: how long nothing could be served, and how many waiting connections went then. */
  gapMs: z.number().optional(),
  served: z.int().optional(),
});

export type HistoryEntry = z.infer<typeof historyEntrySchema>;

export const liveConnectionSchema = z.object({
  connection: z.int(),
  sinceMs: z.number(),
  heldMs: z.number(),
  pod: podIdentitySchema,
  /** Which local process has it; absent through a unix socket, from another machine, and where the system is not asked. */
  peer: peerSchema.optional(),
  /** From the pod to the client, and back, so far. */
  receivedBytes: z.number().optional(),
  sentBytes: z.number().optional(),
  /** As whom and where it is logged in; known where the tunnel's gateway is on. */
  login: z.object({ user: z.string(), database: z.string(), application: z.string() }).optional(),
});

export type LiveConnection = z.infer<typeof liveConnectionSchema>;

export const logLineSchema = z.object({
  /** From 1 on since the daemon's start; at most 0: of a daemon before it. */
  sequence: z.int(),
  atMs: z.number(),
  level: z.enum(['debug', 'info', 'warn']),
  event: z.string(),
  fields: z.record(z.string(), z.unknown()),
});

export type LogLine = z.infer<typeof logLineSchema>;
