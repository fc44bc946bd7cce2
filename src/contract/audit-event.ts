import * as z from 'zod';
import { podIdentitySchema } from './pod.ts';
import { profileChangeSchema } from './profile-snapshot.ts';
import { errorDataSchema } from './tunnel-state.ts';

/** Who a pod was; what changes while it lives (ready, restarts) is no part of that. */
export const auditedPodSchema = podIdentitySchema.pick({
  namespace: true,
  name: true,
  uid: true,
  node: true,
  role: true,
});

/** The local process at the other end of a connection, as far as the platform tells. */
export const auditedPeerSchema = z.object({
  uid: z.int().optional(),
  pid: z.int().optional(),
  program: z.string().optional(),
});

/** Who asked the daemon for something; without all three where the platform does not tell. */
export const auditedCallerSchema = auditedPeerSchema.extend({
  /** The control socket, or the page on loopback. */
  via: z.enum(['socket', 'page']).optional(),
});
export type AuditedCaller = z.infer<typeof auditedCallerSchema>;

/** So many alike since the last such event; absent: one. */
const gathered = { count: z.int().optional() };

/** Which tunnel, and as whom in the cluster (SelfSubjectReview). */
const context = {
  tunnel: z.string(),
  profile: z.string().optional(),
  /** URL of the API server. */
  cluster: z.string().optional(),
  user: z.string().optional(),
};
const connection = {
  /** 1 is the tunnel's first. */
  connection: z.int(),
};

/** Where a secret came from; never what it is. */
export const auditedSecretSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal(['kubernetes', 'config-map']),
    namespace: z.string(),
    name: z.string(),
    key: z.string().optional(),
  }),
  z.object({ kind: z.literal('keychain'), account: z.string() }),
  z.object({ kind: z.literal('command'), program: z.string() }),
  z.object({ kind: z.literal('environment'), variable: z.string() }),
  z.object({ kind: z.literal('file'), path: z.string() }),
]);

export type AuditedSecret = z.infer<typeof auditedSecretSchema>;

const tunnelEvents = [
  z.object({
    event: z.literal('tunnel-opened'),
    ...context,
    target: z.string(),
    namespace: z.string(),
    /** HOST:PORT, or the path of a unix socket. */
    local: z.array(z.string()),
    /** asked: somebody did. restored: it was up when the last daemon ended. on-demand: a client came. */
    by: z.enum(['asked', 'restored', 'on-demand']).optional(),
    /** Of the profile, as an agreement and `profile-changed` name it. */
    hash: z.string().optional(),
    environment: z.enum(['development', 'staging', 'production']).optional(),
    /** What the person gave where the policy asks for one. */
    reason: z.string().optional(),
    /** Who said yes, where the settings have a program asked and it named somebody. */
    approvedBy: z.string().optional(),
  }),
  z.object({
    event: z.literal('tunnel-closed'),
    ...context,
    why: z.enum([
      'asked',
      'paused',
      'time-limit',
      'idle-limit',
      'policy',
      'profile-changed',
      'audit',
      'daemon-ended',
    ]),
  }),
  /** It was asked for and did not open. */
  z.object({
    event: z.literal('tunnel-denied'),
    ...context,
    error: errorDataSchema,
    reason: z.string().optional(),
    ...gathered,
  }),
  z.object({
    event: z.literal('tunnel-state'),
    ...context,
    state: z.enum(['off', 'connecting', 'ready', 'waiting', 'needs you', 'paused']),
    /** On ready: the pod that answers now. Else the last one, where there was one. */
    pod: auditedPodSchema.optional(),
    error: errorDataSchema.optional(),
  }),
] as const;

/** A session may precede the tunnel that uses it, so it has none. Its Audit-ID is in the API server's audit log too. */
const sessionEvents = [
  z.object({
    event: z.literal('session-opened'),
    auditId: z.string(),
    cluster: z.string().optional(),
    user: z.string().optional(),
    pod: auditedPodSchema,
  }),
  z.object({
    event: z.literal('session-closed'),
    auditId: z.string(),
    pod: auditedPodSchema,
    /** How many connections it carried; 0: it was kept warm and served nobody. */
    served: z.int(),
    error: errorDataSchema.optional(),
  }),
  /** The API server let nobody in: RBAC or an admission policy. */
  z.object({
    event: z.literal('session-denied'),
    auditId: z.string(),
    cluster: z.string().optional(),
    user: z.string().optional(),
    pod: auditedPodSchema.optional(),
    error: errorDataSchema,
    ...gathered,
  }),
] as const;

const connectionEvents = [
  z.object({
    event: z.literal('connection-opened'),
    ...context,
    ...connection,
    pod: auditedPodSchema,
    /** Of the pod. */
    port: z.int(),
    /** Of the session that carries it. */
    auditId: z.string().optional(),
    peer: auditedPeerSchema.optional(),
    /** Between accept and the opened stream. */
    heldMs: z.number(),
  }),
  z.object({
    event: z.literal('connection-closed'),
    ...context,
    ...connection,
    /** Absent where no pod was reached. */
    pod: auditedPodSchema.optional(),
    peer: auditedPeerSchema.optional(),
    /** From the pod to the client, and back. */
    receivedBytes: z.number(),
    sentBytes: z.number(),
    durationMs: z.number(),
    error: errorDataSchema.optional(),
  }),
  z.object({
    event: z.literal('connection-denied'),
    ...context,
    connection: z.int().optional(),
    peer: auditedPeerSchema.optional(),
    /** As the program called itself at the gateway. */
    databaseUser: z.string().optional(),
    error: errorDataSchema,
    ...gathered,
  }),
] as const;

const postgresEvents = [
  z.object({
    event: z.literal('postgres-login'),
    ...context,
    ...connection,
    outcome: z.enum(['accepted', 'refused']),
    /** How its program has shown that it may: by the tunnel's password, or by being on the profile's list of those that need none. */
    by: z.enum(['password', 'program']).optional(),
    databaseUser: z.string(),
    database: z.string(),
    application: z.string().optional(),
    error: errorDataSchema.optional(),
    ...gathered,
  }),
  z.object({
    event: z.literal('postgres-statement'),
    ...context,
    ...connection,
    databaseUser: z.string(),
    database: z.string(),
    /** SELECT, INSERT and so on; unknown of what PostgreSQL's own parser cannot read. */
    statement: z.string(),
    /** The same for all statements that differ in literals alone (libpg_query). */
    fingerprint: z.string().optional(),
    /** With its literals removed. */
    text: z.string().optional(),
  }),
  /** The policy refused it; the database has not seen it. */
  z.object({
    event: z.literal('statement-denied'),
    ...context,
    ...connection,
    databaseUser: z.string(),
    database: z.string(),
    error: errorDataSchema,
    ...gathered,
  }),
] as const;

const guardEvents = [
  /** Somebody asked the daemon to change something, or for a password. What came of it follows; again with `error` where it failed. */
  z.object({
    event: z.literal('control-request'),
    operation: z.string(),
    /** Of what: tunnels, groups, a source. */
    names: z.array(z.string()),
    by: auditedCallerSchema,
    error: errorDataSchema.optional(),
    ...gathered,
  }),
  z.object({
    event: z.literal('profile-changed'),
    profile: z.string(),
    source: z.string(),
    change: z.enum(['added', 'changed', 'removed', 'agreed', 'withdrawn']),
    /** Hash of what it is now, as an agreement names it. */
    hash: z.string().optional(),
    changes: z.array(profileChangeSchema).optional(),
  }),
  z.object({
    event: z.literal('policy-changed'),
    profile: z.string().optional(),
    changes: z.array(profileChangeSchema),
  }),
  z.object({
    event: z.literal('secret-read'),
    ...context,
    tunnel: z.string().optional(),
    secret: auditedSecretSchema,
    error: errorDataSchema.optional(),
    ...gathered,
  }),
  /** Whom the cluster takes the user for. */
  z.object({
    event: z.literal('identity'),
    cluster: z.string(),
    context: z.string().optional(),
    user: z.string(),
    groups: z.array(z.string()),
  }),
] as const;

/** What others tell the log. */
export const auditEventSchema = z.discriminatedUnion('event', [
  ...tunnelEvents,
  ...sessionEvents,
  ...connectionEvents,
  ...postgresEvents,
  ...guardEvents,
]);
export type AuditEvent = z.infer<typeof auditEventSchema>;

/** Sequence number and SHA-256, in hex, of one line; of the last one it stands for the whole log up to there. */
export const auditHeadSchema = z.object({ seq: z.int(), hash: z.string() });
export type AuditHead = z.infer<typeof auditHeadSchema>;

/** What the log tells of itself. */
export const auditLogEventSchema = z.discriminatedUnion('event', [
  /** Each file's first line. `log` names the log through all its files. */
  z.object({ event: z.literal('file-opened'), log: z.string(), file: z.string() }),
  z.object({ event: z.literal('writer-started'), pid: z.int(), version: z.string() }),
  z.object({ event: z.literal('writer-ended'), pid: z.int() }),
  /** The log's end was damaged, as a crash leaves it: these bytes were cut off. */
  z.object({
    event: z.literal('tail-cut'),
    file: z.string(),
    bytes: z.int(),
    sha256: z.string(),
  }),
  /** It is damaged in a way that no crash explains; it was left as it is. `line` is the first bad one. */
  z.object({ event: z.literal('damage-found'), file: z.string(), line: z.int(), why: z.string() }),
  /** Somebody else wrote to the file, cut or removed it, while it was written. */
  z.object({
    event: z.literal('file-changed'),
    file: z.string(),
    expectedBytes: z.int(),
    foundBytes: z.int(),
  }),
  /** Events that came while nothing could be written and the queue was full. */
  z.object({ event: z.literal('events-lost'), count: z.int(), since: z.string(), until: z.string() }),
  /** Written and signed before the file goes; `last` is its last line, `unshipped` how many of its lines no shipper had sent. */
  z.object({
    event: z.literal('file-dropped'),
    file: z.string(),
    bytes: z.int(),
    last: auditHeadSchema,
    why: z.enum(['age', 'size']),
    unshipped: z.int().optional(),
  }),
  /** Where another log of this machine stands, so that its end cannot be cut unseen. */
  z.object({ event: z.literal('other-log'), log: z.string(), ...auditHeadSchema.shape }),
  /** A shipper's place was gone; what it has not sent up to `resumed` will not come. */
  z.object({
    event: z.literal('shipping-gap'),
    shipper: z.string(),
    sent: auditHeadSchema,
    resumed: z.int(),
  }),
  /** `signature`, by the Ed25519 key `key` (both base64url), covers the line before `,"signature"`, so by its hash all lines before. */
  z.object({ event: z.literal('checkpoint'), key: z.string(), signature: z.string() }),
]);
export type AuditLogEvent = z.infer<typeof auditLogEventSchema>;

const lineFields = {
  seq: z.int(),
  /** Hash of the line before; 64 zeros in the first. */
  prev: z.string(),
  at: z.iso.datetime({ precision: 3 }),
  /** Texts were shortened to make the line fit. */
  clipped: z.literal(true).optional(),
};

/** One line as it is read: an event that this version does not know is read too. */
export const auditRecordSchema = z.looseObject({ ...lineFields, event: z.string() });
export type AuditRecord = z.infer<typeof auditRecordSchema>;
