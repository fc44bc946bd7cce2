/**
 * The control API, one value: the server's routes and validation, the client's types, the OpenAPI document and the test fake derive from
 * it. Each operation is POST /v1/NAME with its input as JSON; what fails answers { error: { code, details } }.
 */
import * as z from 'zod';
import { auditFilterSchema, listedRecordSchema, logNamePattern } from './audit-query.ts';
import { auditStatusSchema } from './audit-status.ts';
import { verifiedLogSchema } from './audit-verdict.ts';
import { connectionFormatSchema, connectionStringSchema, shellSchema } from './connection-string.ts';
import { checkSchema, resolvedTargetSchema } from './control-check.ts';
import {
  contextsSchema,
  namespacesInput,
  namespacesSchema,
  objectsInput,
  objectsSchema,
} from './control-objects.ts';
import {
  keepPasswordAnswerSchema,
  keptSchema,
  maxPasswordLifeMs,
  passwordAnswerSchema,
} from './control-password.ts';
import {
  importedSchema,
  profileEditSchema,
  proposalInput,
  proposalSchema,
  writtenProfileInput,
  writtenProfileSchema,
} from './control-profile.ts';
import { answerSchema, passwordSchema, questionSchema } from './control-question.ts';
import { sandboxStatusSchema } from './control-sandbox.ts';
import { settingsChangeSchema, shownSettingsSchema } from './control-settings.ts';
import {
  adHocSchema,
  historyEntrySchema,
  liveConnectionSchema,
  logLineSchema,
  tunnelIdSchema,
  tunnelSchema,
} from './control-tunnel.ts';
import { profileSnapshotSchema } from './profile-snapshot.ts';
import { errorDataSchema } from './tunnel-state.ts';

const nameSchema = tunnelIdSchema.describe('NAME, SOURCE/NAME or ad-hoc/NAME.');
const names = z.array(nameSchema).max(1_000).default([]);
const groups = z.array(z.string().min(1).max(128)).max(100).default([]);
const folder = z
  .string()
  .regex(/^(\/|[A-Za-z]:\\)[^\0]*$/, 'an absolute path')
  .max(4_096)
  .describe('The working directory of who asks: profiles of the project that it is in have bare names there.')
  .optional();
const waitMs = z
  .int()
  .min(0)
  .max(600_000)
  .default(0)
  .describe('How long to wait until each is ready, needs its user or cannot start.');
const lease = z
  .string()
  .regex(/^[\w-]{16,64}$/)
  .describe('Chosen by who asks, and used by nobody else: a UUID.');
/** Whether somebody is there to answer; else what would be asked is an error. */
const ask = z.boolean().default(false);
const selection = { names, groups, all: z.boolean().default(false), folder };
const nothing = z.strictObject({});
const logName = z
  .string()
  .regex(logNamePattern)
  .describe('One log alone: daemon, forward-1 and so on.')
  .optional();

/** What became of each tunnel that was named; one's failure leaves the others alone. */
const outcomesSchema = z.object({
  outcomes: z.array(
    z.object({ name: z.string(), tunnel: tunnelSchema.optional(), error: errorDataSchema.optional() }),
  ),
});

export type Outcomes = z.infer<typeof outcomesSchema>;

const operation = <I extends z.ZodType, A extends z.ZodType>(given: {
  readonly summary: string;
  readonly input: I;
  readonly answer: A;
}) => given;

export const operations = {
  version: operation({
    summary: 'Who answers. Keeps its form for ever.',
    input: nothing,
    answer: z.object({ version: z.string(), protocol: z.int(), pid: z.int(), startedAtMs: z.number() }),
  }),
  daemon: operation({
    summary: "The daemon's own health and places.",
    input: nothing,
    answer: z.object({
      version: z.string(),
      pid: z.int(),
      startedAtMs: z.number(),
      residentBytes: z.number(),
      tunnelsUp: z.int(),
      clusters: z.array(z.object({ context: z.string(), server: z.string(), tunnels: z.int() })),
      subscribers: z.int(),
      socket: z.string(),
      log: z.string(),
      folders: z.object({ config: z.string(), data: z.string(), cache: z.string(), log: z.string() }),
      metricsUrl: z.string().optional(),
      audit: auditStatusSchema.optional(),
    }),
  }),
  shutdown: operation({
    summary: 'Ends the daemon. What is wanted comes back with the next one. Keeps its form for ever.',
    input: nothing,
    answer: z.object({ pid: z.int() }),
  }),
  tunnels: operation({
    summary: 'All tunnels: of every profile that is known, and ad hoc ones.',
    input: nothing,
    answer: z.object({ tunnels: z.array(tunnelSchema) }),
  }),
  tunnel: operation({
    summary: 'One tunnel with its past and its live connections.',
    input: z.strictObject({ name: nameSchema, folder }),
    answer: z.object({
      tunnel: tunnelSchema,
      /** Oldest first, at most 500. */
      history: z.array(historyEntrySchema),
      /** At most 1,000. */
      connections: z.array(liveConnectionSchema),
      /** Where the tunnel's own password ends, and this daemon has needed it. */
      localPassword: z.object({ expiresAtMs: z.number() }).optional(),
    }),
  }),
  up: operation({
    summary: 'Makes tunnels wanted. Answers when their ports are bound, or after waitMs.',
    input: z.strictObject({
      ...selection,
      adHoc: z.array(adHocSchema).max(100).default([]),
      /** Answers the policy's questions for all of them beforehand. */
      reason: z.string().min(1).max(500).optional(),
      confirmed: z.boolean().default(false),
      /** Limits of those that are up count from now on. What their policies ask has to be answered again, by reason and confirmed. */
      prolong: z.boolean().default(false),
      /** For as long as this lease is held: what was not up goes down, or is paused again, with the last lease that it was brought up by. */
      lease: lease.optional(),
      waitMs,
    }),
    answer: outcomesSchema,
  }),
  down: operation({
    summary: 'Makes tunnels not wanted; their ports are free when it answers.',
    input: z.strictObject(selection),
    answer: outcomesSchema,
  }),
  hold: operation({
    summary:
      'Holds a lease until it is released, or for waitMs: then to be called again within 30 s. Who goes away meanwhile releases it.',
    input: z.strictObject({ lease, waitMs }),
    answer: z.object({}),
  }),
  release: operation({
    summary: 'Ends a lease. What nobody else needs is down when it answers.',
    input: z.strictObject({ lease }),
    answer: z.object({}),
  }),
  restart: operation({
    summary: 'Takes tunnels down and up again on the same ports, with their profiles as they are now.',
    input: z.strictObject({ ...selection, waitMs }),
    answer: outcomesSchema,
  }),
  pause: operation({
    summary: 'Lets ports and cluster go, and remembers that the tunnels are wanted.',
    input: z.strictObject(selection),
    answer: outcomesSchema,
  }),
  resume: operation({
    summary: 'Brings paused tunnels back on the same ports.',
    input: z.strictObject({ ...selection, waitMs }),
    answer: outcomesSchema,
  }),
  logs: operation({
    summary: "One tunnel's own log, oldest line first: the newest lines, or those after one.",
    input: z.strictObject({
      name: nameSchema,
      folder,
      limit: z.int().min(1).max(1_000).default(200),
      /** The sequence number of a line; of a daemon that is no more it means all lines. */
      after: z.int().min(0).optional(),
      waitMs: z
        .int()
        .min(0)
        .max(600_000)
        .default(0)
        .describe('With after: how long to wait for a line where there is none yet.'),
    }),
    answer: z.object({ lines: z.array(logLineSchema) }),
  }),
  profiles: operation({
    summary: 'All profiles with their sources, trust and problems.',
    input: z.strictObject({ folder }),
    answer: profileSnapshotSchema,
  }),
  trust: operation({
    summary: 'Agrees to a profile as it was shown, or withdraws the agreement (hash absent).',
    input: z.strictObject({ profile: nameSchema, folder, hash: z.string().max(128).optional() }),
    answer: profileSnapshotSchema,
  }),
  reload: operation({
    summary:
      'Reads all profiles again; with pull also fetches git sources, or those that are named. Nothing fetched counts before it is accepted.',
    input: z.strictObject({
      folder,
      pull: z.boolean().default(false),
      sources: z.array(z.string().min(1).max(4_096)).max(1_000).optional(),
    }),
    answer: profileSnapshotSchema,
  }),
  acceptSource: operation({
    summary: 'Puts a fetched commit of a git source to use, if it is still the one that was shown.',
    input: z.strictObject({ source: z.string().min(1).max(4_096), commit: z.string().min(7).max(64) }),
    answer: profileSnapshotSchema,
  }),
  editProfile: operation({
    summary:
      "Changes the user's own file, and keeps its comments and order. A profile that is taken out or renamed goes down first.",
    input: z.strictObject({ edit: profileEditSchema }),
    answer: profileSnapshotSchema,
  }),
  profileYaml: operation({
    summary:
      "A profile as YAML, to be shown or changed; by its id also one of the user's own that is refused.",
    input: z.strictObject({ profile: nameSchema, folder }),
    answer: z.object({ name: z.string(), file: z.string(), line: z.int(), yaml: z.string() }),
  }),
  checkProfile: operation({
    summary: 'Reads a profile that was written as YAML, and says where it is wrong. Writes nothing.',
    input: writtenProfileInput,
    answer: writtenProfileSchema,
  }),
  importProfiles: operation({
    summary:
      'Reads an export of kftray or kube-forwarder, or a kubectl port-forward line, as profiles under names that are free. Writes nothing.',
    input: z.strictObject({ text: z.string().min(1).max(900_000) }),
    answer: importedSchema,
  }),
  proposeProfile: operation({
    summary: 'A profile with sensible defaults for an object of the cluster. Writes nothing.',
    input: proposalInput,
    answer: proposalSchema,
  }),
  connectionString: operation({
    summary:
      "One connection string, to be copied. It carries the tunnel's own password where its gateway is on, which is good on this machine alone, and never another.",
    input: z.strictObject({
      name: nameSchema,
      folder,
      ask,
      /** Default: the first of its kind. */
      format: connectionFormatSchema.optional(),
      shell: shellSchema.default('sh'),
    }),
    answer: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('written'), string: connectionStringSchema }),
      z.object({ kind: z.literal('asked'), question: questionSchema }),
    ]),
  }),
  pods: operation({
    summary: 'What a target resolves to now, and why. Starts nothing.',
    input: z.strictObject({ name: nameSchema.optional(), adHoc: adHocSchema.optional(), folder }),
    answer: resolvedTargetSchema,
  }),
  check: operation({
    summary: 'Preflight of a target: what it resolves to, what the user may do, the least Role it takes.',
    input: z.strictObject({ name: nameSchema.optional(), adHoc: adHocSchema.optional(), folder }),
    answer: checkSchema,
  }),
  contexts: operation({
    summary: 'The contexts of the kubeconfig.',
    input: nothing,
    answer: contextsSchema,
  }),
  namespaces: operation({
    summary: 'The namespaces behind a context.',
    input: namespacesInput,
    answer: namespacesSchema,
  }),
  objects: operation({
    summary:
      'The Services and StatefulSets of a namespace, or of all of a context, that a tunnel can lead to.',
    input: objectsInput,
    answer: objectsSchema,
  }),
  login: operation({
    summary: "Runs the credential plugin of a tunnel's cluster with leave to ask, and says who the user is.",
    input: z.strictObject({ name: nameSchema, folder }),
    answer: z.object({ user: z.string().optional(), context: z.string(), output: z.string() }),
  }),
  strings: operation({
    summary:
      'How programs connect to a tunnel, in each format of its kind: the password of its own gateway is dots, and no other is there. A format that cannot say it has an error.',
    input: z.strictObject({ name: nameSchema, folder, shell: shellSchema.default('sh') }),
    answer: z.object({
      strings: z.array(
        z.object({
          format: connectionFormatSchema,
          written: connectionStringSchema.optional(),
          error: errorDataSchema.optional(),
        }),
      ),
    }),
  }),
  password: operation({
    summary:
      'The password to log in with through a tunnel: its own where its gateway is on, else the one that its profile names. On the socket alone: no page of a browser is given one.',
    input: z.strictObject({
      name: nameSchema,
      folder,
      ask,
      /** A new one of the tunnel's own first; connections that are there go on. */
      rotate: z.boolean().default(false),
      /** The tunnel's own lets nobody in any more so long from now on; a profile that says sooner is stronger. */
      expiresInMs: z.int().min(1).max(maxPasswordLifeMs).optional(),
    }),
    answer: passwordAnswerSchema,
  }),
  localAuthority: operation({
    summary:
      'The authority that certifies gateways to local programs which ask for TLS. It is made where there is none yet.',
    input: nothing,
    answer: z.object({
      /** PEM. */
      certificate: z.string(),
      /** Where it stands. */
      file: z.string(),
      /** SHA-256, in hex with colons. */
      fingerprint256: z.string(),
      validUntilMs: z.number(),
      /** Its key. */
      kept: keptSchema,
    }),
  }),
  keepPassword: operation({
    summary: "Keeps a password of a profile that names the keychain, or forgets it ('password' absent).",
    input: z.strictObject({ name: nameSchema, folder, ask, password: passwordSchema.optional() }),
    answer: keepPasswordAnswerSchema,
  }),
  questions: operation({
    summary: 'What waits for an answer.',
    input: nothing,
    answer: z.object({ questions: z.array(questionSchema) }),
  }),
  answer: operation({
    summary: 'Answers one question. The first answer counts.',
    input: z.strictObject({ question: z.string().max(128), answer: answerSchema }),
    answer: z.object({ tunnel: tunnelSchema }),
  }),
  audit: operation({
    summary: 'The last events on record that match, oldest first, of the daemon and of foreground forwards.',
    input: z.strictObject({
      log: logName,
      filter: auditFilterSchema.default({}),
      limit: z.int().min(1).max(10_000).default(200),
    }),
    answer: z.object({ records: z.array(listedRecordSchema) }),
  }),
  auditVerify: operation({
    summary: 'Says whether the logs are what was written. Reads every byte of them.',
    input: z.strictObject({ log: logName }),
    answer: z.object({ logs: z.array(verifiedLogSchema) }),
  }),
  settings: operation({
    summary:
      'The settings as they are in their file, and which of them the daemon takes up at its next start.',
    input: nothing,
    answer: shownSettingsSchema,
  }),
  changeSettings: operation({
    summary:
      'Changes settings of the window, where passwords are kept, and metrics, and keeps comments and order of their file. What names programs and files is changed there.',
    input: z.strictObject({ change: settingsChangeSchema }),
    answer: shownSettingsSchema,
  }),
  startSandbox: operation({
    summary:
      'Starts the embedded sandbox cluster with a real Postgres where none runs, and connects to it. Answers at once, or when its tunnel is up, after waitMs at the latest.',
    input: z.strictObject({ waitMs }),
    answer: sandboxStatusSchema,
  }),
  stopSandbox: operation({
    summary: 'Disconnects from the sandbox and ends it. Nothing of it is left when it answers.',
    input: nothing,
    answer: sandboxStatusSchema,
  }),
  restartSandboxPod: operation({
    summary: "Deletes the sandbox's pod; its StatefulSet makes a new one.",
    input: nothing,
    answer: sandboxStatusSchema,
  }),
  wake: operation({
    summary: 'The machine woke from sleep or changed networks: whatever rests is tried at once.',
    input: nothing,
    answer: z.object({}),
  }),
  metrics: operation({
    summary: 'Metrics in the Prometheus text format, as GET /metrics has them.',
    input: nothing,
    answer: z.object({ text: z.string() }),
  }),
  ui: operation({
    summary: 'Opens the page on loopback and gives its address, which works once and for one minute.',
    input: nothing,
    answer: z.object({ url: z.string(), expiresAtMs: z.number() }),
  }),
};

export type OperationName = keyof typeof operations;
/** As a caller gives it: what has a default may be left out. */
export type OperationInput<N extends OperationName> = z.input<(typeof operations)[N]['input']>;
/** As a handler gets it. */
export type HandledInput<N extends OperationName> = z.output<(typeof operations)[N]['input']>;
export type OperationAnswer<N extends OperationName> = z.output<(typeof operations)[N]['answer']>;

/** What a daemon does for each operation. Rejects with an AppError. */
export type ControlHandlers = {
  readonly [N in OperationName]: (
    input: HandledInput<N>,
    call: { readonly signal: AbortSignal },
  ) => Promise<OperationAnswer<N>>;
};
