/**
 * What each command prints with --json: the stable form that scripts may rely on. Additions do not count as a change. A command that
 * fails as a whole prints { error } instead; one that acts on several tunnels says of each how it went, and exits with the first failure.
 */
import * as z from 'zod';
import { listedRecordSchema } from './audit-query.ts';
import { verifiedLogSchema } from './audit-verdict.ts';
import { connectionStringSchema } from './connection-string.ts';
import { operations } from './control.ts';
import { checkSchema, resolvedTargetSchema } from './control-check.ts';
import { keptSchema } from './control-password.ts';
import { logLineSchema, tunnelIdSchema, tunnelSchema } from './control-tunnel.ts';
import { profileNameSchema, profileSchema } from './profile.ts';
import {
  listedProfileSchema,
  listedSourceSchema,
  profileProblemSchema,
  profileSnapshotSchema,
  profileTrustSchema,
} from './profile-snapshot.ts';
import { errorDataSchema } from './tunnel-state.ts';

const outcomes = operations.up.answer;
/** Tunnels that were up, and went with what was removed. */
const ended = z.array(tunnelIdSchema).optional();
const edited = z.object({
  file: z.string(),
  profile: z.string(),
  change: z.enum(['added', 'changed', 'removed', 'overridden']),
  ended,
});
const editedSource = z.object({
  file: z.string(),
  source: z.string(),
  change: z.enum(['added', 'removed']),
  ended,
});
/** Members by SOURCE/NAME, as they are now; none: there is no such group any more. */
const editedGroup = z.object({ file: z.string(), group: z.string(), members: z.array(z.string()) });

export const errorOutputSchema = z.object({
  error: errorDataSchema.extend({
    headline: z.string(),
    why: z.string().optional(),
    next: z.string().optional(),
    exitCode: z.int(),
  }),
});

export const commandOutputs = {
  up: outcomes,
  down: outcomes,
  restart: outcomes,
  pause: outcomes,
  resume: outcomes,
  status: z.object({ tunnels: z.array(tunnelSchema) }),
  /** One line each. First all tunnels, then each that changed; all of them again after the daemon was away. */
  'status --watch': z.discriminatedUnion('event', [
    z.object({ event: z.literal('tunnels'), tunnels: z.array(tunnelSchema) }),
    z.object({ event: z.literal('tunnel'), tunnel: tunnelSchema }),
    z.object({ event: z.literal('tunnel-gone'), id: tunnelIdSchema }),
    z.object({ event: z.literal('daemon-lost'), error: errorDataSchema }),
  ]),
  list: profileSnapshotSchema,
  show: operations.tunnel.answer.extend({ profile: listedProfileSchema.optional() }),
  logs: operations.logs.answer,
  /** One line of JSON for each line of the log. */
  'logs --follow': logLineSchema,
  url: connectionStringSchema,
  /** Without the string itself, which may hold a password. */
  copy: connectionStringSchema.omit({ text: true }).extend({ copiedWith: z.string() }),
  open: z.object({ tunnel: z.string(), opened: z.string() }),
  pods: resolvedTargetSchema,
  /** The rule for the cluster's audit policy that records who forwards there, as YAML. */
  check: checkSchema.extend({ auditPolicy: z.string() }),
  password: z.object({
    tunnel: tunnelIdSchema,
    kept: keptSchema.optional(),
    /** Whether there was one to forget. */
    forgotten: z.boolean().optional(),
    /** The tunnel's own, with --local. */
    local: z
      .object({ password: z.string(), rotated: z.boolean(), expiresAtMs: z.number().optional() })
      .optional(),
  }),
  login: operations.login.answer,
  ui: operations.ui.answer,
  version: z.object({
    version: z.string(),
    protocol: z.int(),
    node: z.string(),
    /** Absent where none runs. */
    daemon: operations.version.answer.optional(),
  }),
  'daemon status': z.discriminatedUnion('running', [
    z.object({ running: z.literal(false) }),
    operations.daemon.answer.extend({ running: z.literal(true) }),
  ]),
  'daemon stop': z.object({ stopped: z.boolean(), pid: z.int().optional() }),
  'daemon restart': operations.version.answer,
  'daemon install': z.object({ file: z.string() }),
  'daemon uninstall': z.object({ file: z.string() }),
  /** Of --remove the last two alone. */
  'daemon ca': operations.localAuthority.answer.partial().extend({
    /** Libpq's trust file, with --install and --remove. */
    rootFile: z.string().optional(),
    changed: z.boolean().optional(),
  }),
  /** Oldest first. */
  'audit list': z.object({ records: z.array(listedRecordSchema) }),
  /** One line each. */
  'audit follow': listedRecordSchema,
  'audit show': listedRecordSchema.extend({
    file: z.string(),
    /** As it stands in the file, without its line feed: what its hash is of. */
    line: z.string(),
  }),
  'audit verify': z.object({ logs: z.array(verifiedLogSchema) }),
  'profile add': edited,
  'profile edit': edited,
  'profile remove': edited,
  'profile validate': z.object({
    files: z.array(z.string()),
    profiles: z.int(),
    problems: z.array(profileProblemSchema),
  }),
  'profile import': z.object({
    file: z.string(),
    /** Nothing was written. */
    dryRun: z.boolean(),
    profiles: z.array(z.object({ name: profileNameSchema, profile: profileSchema })),
    notCarried: z.array(z.object({ what: z.string(), reason: z.string() })),
  }),
  'profile source add': editedSource,
  'profile source remove': editedSource,
  'profile source list': z.object({ sources: z.array(listedSourceSchema) }),
  'profile group add': editedGroup,
  'profile group remove': editedGroup,
  'profile trust': z.object({ profile: z.string(), trust: profileTrustSchema }),
  'profile pull': z.object({
    sources: z.array(listedSourceSchema),
    /** What could not be fetched, where others could. */
    failed: z.array(z.object({ source: z.string(), error: errorDataSchema })).optional(),
  }),
} as const;

export type PrintingCommand = keyof typeof commandOutputs;
export type CommandOutput<N extends PrintingCommand> = z.output<(typeof commandOutputs)[N]>;
export type ErrorOutput = z.output<typeof errorOutputSchema>;
