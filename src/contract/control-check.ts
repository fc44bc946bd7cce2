import * as z from 'zod';
import { podIdentitySchema } from './pod.ts';
import { errorDataSchema } from './tunnel-state.ts';

export const resolutionSchema = z.discriminatedUnion('kind', [
  /** serving: Kubernetes calls the pod ready. Otherwise it was named directly and may be tried. */
  z.object({ kind: z.literal('pod'), pod: podIdentitySchema, port: z.int(), serving: z.boolean() }),
  z.object({ kind: z.literal('none'), reason: errorDataSchema }),
]);

/** What a target would resolve to now, and why to nothing. */
export const resolvedTargetSchema = z.object({
  name: z.string(),
  context: z.string(),
  server: z.string(),
  namespace: z.string(),
  target: z.string(),
  port: z.union([z.int(), z.string()]),
  resolution: resolutionSchema,
});

export type ResolvedTarget = z.infer<typeof resolvedTargetSchema>;

const accessRuleSchema = z.object({
  verb: z.enum(['get', 'list', 'watch', 'create']),
  group: z.string(),
  resource: z.string(),
  name: z.string().optional(),
});

/** What the API server says that the user may do for one target. */
export const accessReportSchema = z.object({
  user: z.string().optional(),
  groups: z.array(z.string()),
  namespace: z.string(),
  allowed: z.array(accessRuleSchema),
  /** Needed and not allowed. */
  missing: z.array(accessRuleSchema),
  /** Not allowed, and done without at a price. */
  degraded: z.array(accessRuleSchema),
  next: z.string(),
});

/** Credentials that are left to be found (`secret: auto`): where they are, without having been read. */
const locatedCredentialSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('found'),
    /** CloudNativePG, Bitnami, … */
    layout: z.string(),
    secret: z.string(),
    key: z.string(),
    superuser: z.boolean(),
    why: z.string(),
  }),
  z.object({ kind: z.literal('none'), error: errorDataSchema }),
]);

/** The preflight of one target. */
export const checkSchema = z.object({
  resolved: resolvedTargetSchema,
  access: accessReportSchema,
  /** The least Role that grants what is missing, as YAML; absent where nothing is. */
  missingRole: z.string().optional(),
  /** The least Role that this target takes in all, with resourceNames, as YAML. */
  leastRole: z.string(),
  credential: locatedCredentialSchema.optional(),
});

export type Check = z.infer<typeof checkSchema>;
