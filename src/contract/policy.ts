/**
 * What bounds a tunnel, as a profile says it, and what its user may add to that. Which of two values is stricter says
 * profile/tightest-policy.ts.
 */
import * as z from 'zod';
import { durationSchema, flag, hint, oneOf, text, visible } from './schema-words.ts';

const patternSchema = visible('a regular expression of at most 200 visible characters', 1, 200).refine(
  isPattern,
  'a regular expression',
);

const reasonPatternSchema = z.strictObject({
  pattern: z
    .union(
      [patternSchema, z.array(patternSchema).min(1).max(32)],
      'a regular expression, or a list of at most 32',
    )
    .describe('What the reason must match, e.g. a ticket: ^[A-Z]+-[0-9]+ (of a list: all of them).'),
  example: hint('text').describe('Shown to who is asked.').optional(),
});

const environmentSchema = oneOf('development', 'staging', 'production').describe('What is at stake.');
const timeLimitSchema = durationSchema.describe('The tunnel ends after this time.');
const idleLimitSchema = durationSchema.describe('The tunnel ends after this time without a connection.');
const maxConnectionsSchema = z
  .int('a number from 1 to 10000')
  .min(1, 'a number from 1 to 10000')
  .max(10_000, 'a number from 1 to 10000')
  .describe('Local connections at one time.');
/** Paths of executables without symbolic links (of a script: its interpreter). */
export const programsSchema = z
  .array(
    text('an absolute path', /^(\/|[A-Za-z]:\\)[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,4000}$/u),
    'a list of absolute paths',
  )
  .max(64, 'a list of at most 64 paths');

/** Of fields that stand where they tighten too. */
const said = {
  programs:
    'Programs that may connect: paths of executables without symbolic links (of a script: its interpreter). Default: all of yours. An empty list lets none in.',
  localPasswordLifetime:
    "Postgres, with a gateway: the tunnel's own password ends so long after it was made; who asks for it then gets a new one.",
  replication:
    'Postgres, with a gateway: whether programs may copy the whole server by replication connections (pg_basebackup, pg_receivewal, logical decoding). Default: allow; never on a read-only tunnel.',
  reason: 'A reason is asked for before the tunnel opens.',
  confirm: 'Asked for before each start.',
  readOnly: 'Postgres: sessions are read-only.',
  statementAudit: 'Postgres: statements are recorded, with literals removed.',
  gateway:
    'Postgres: false: bytes are passed on, and programs bring the real password. true: the tunnel does not open without a gateway. Default: where connection.password or connection.certificate is there, programs log in with a password of the tunnel.',
  superuser: 'Postgres, with a gateway: whether its role may be a superuser. Default: allow, with a warning.',
  trust:
    'Postgres, with a gateway: whether the database may let in whoever comes through the tunnel without a password. Default: allow, with a warning.',
  hostNetwork:
    "Whether the pod may be one of the node's own network, whose localhost is the node's. Default: forbid in production, else allow.",
};

export const policySchema = z
  .strictObject(
    {
      environment: environmentSchema.optional(),
      reason: z
        .union([flag(), reasonPatternSchema], 'true, false, or a map with pattern and example')
        .describe(said.reason)
        .optional(),
      confirm: flag().describe(said.confirm).optional(),
      timeLimit: timeLimitSchema.optional(),
      idleLimit: idleLimitSchema.optional(),
      readOnly: flag().describe(said.readOnly).optional(),
      maxConnections: maxConnectionsSchema.optional(),
      programs: programsSchema.describe(said.programs).optional(),
      passwordless: programsSchema
        .describe(
          "Postgres, with a gateway: programs that need not know the tunnel's password: paths as in programs. Only in your own file, there also as an override of a shared profile.",
        )
        .optional(),
      localPasswordLifetime: durationSchema.describe(said.localPasswordLifetime).optional(),
      statementAudit: flag().describe(said.statementAudit).optional(),
      gateway: flag().describe(said.gateway).optional(),
      superuser: oneOf('allow', 'forbid').describe(said.superuser).optional(),
      replication: oneOf('allow', 'forbid').describe(said.replication).optional(),
      trust: oneOf('allow', 'forbid').describe(said.trust).optional(),
      hostNetwork: oneOf('allow', 'forbid').describe(said.hostNetwork).optional(),
    },
    'a map',
  )
  .describe('What bounds the tunnel.');

export type Policy = z.infer<typeof policySchema>;

const yes = z.literal(true, 'true, as nothing here can loosen a policy');
const forbid = z.literal('forbid', 'forbid, as nothing here can loosen a policy');

/** What a user's own file or settings add to a policy: it has no words that loosen one. */
export const policyTighteningSchema = z.strictObject(
  {
    environment: environmentSchema.optional(),
    reason: z
      .union([yes, reasonPatternSchema], 'true, or a map with pattern and example')
      .describe(said.reason)
      .optional(),
    confirm: yes.describe(said.confirm).optional(),
    timeLimit: timeLimitSchema.optional(),
    idleLimit: idleLimitSchema.optional(),
    readOnly: yes.describe(said.readOnly).optional(),
    maxConnections: maxConnectionsSchema.optional(),
    programs: programsSchema.describe(said.programs).optional(),
    localPasswordLifetime: durationSchema.describe(said.localPasswordLifetime).optional(),
    statementAudit: yes.describe(said.statementAudit).optional(),
    gateway: yes.describe(said.gateway).optional(),
    superuser: forbid.describe(said.superuser).optional(),
    replication: forbid.describe(said.replication).optional(),
    trust: forbid.describe(said.trust).optional(),
    hostNetwork: forbid.describe(said.hostNetwork).optional(),
  },
  'a map',
);

export type PolicyTightening = z.infer<typeof policyTighteningSchema>;

const ofEnvironment = policyTighteningSchema.omit({ environment: true }).optional();

/** What every tunnel of this user is bounded by, whatever its profile says: all of them, and those of one environment. */
export const policyFloorSchema = z.strictObject({
  all: policyTighteningSchema.optional(),
  development: ofEnvironment,
  staging: ofEnvironment,
  production: ofEnvironment,
});

export type PolicyFloor = z.infer<typeof policyFloorSchema>;

/** A forward into such a pod reaches whatever listens on the node's localhost. */
export function forbidsHostNetwork({ environment, hostNetwork }: Policy = {}): boolean {
  return (hostNetwork ?? (environment === 'production' ? 'forbid' : 'allow')) === 'forbid';
}

function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
