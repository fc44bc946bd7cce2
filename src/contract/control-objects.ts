/**
 * What there is to choose a target from: the contexts of the kubeconfig, the namespaces behind one, and the Services and StatefulSets in
 * them. Chooser of the command line and cluster browser of the window ask the same. Lists are bounded, and say when there is more.
 */
import * as z from 'zod';
import { profileSchema } from './profile.ts';
import { errorDataSchema } from './tunnel-state.ts';

/** At most this many of each are listed. */
export const listLimits = { contexts: 1_000, namespaces: 5_000, objects: 5_000 } as const;

const contextName = z
  .string()
  .min(1)
  .max(253)
  .describe('A context of the kubeconfig. Default: the current one.')
  .optional();
const kubernetesName = (what: string) =>
  z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'a name as Kubernetes has them')
    .describe(what)
    .optional();

const complete = z.boolean().describe('false: there are more than are listed.');

export const contextsSchema = z.object({
  /** By name. */
  contexts: z.array(
    z.object({
      name: z.string(),
      /** Absent where the kubeconfig has no such cluster. */
      server: z.string().optional(),
      user: z.string(),
      namespace: z.string(),
      current: z.boolean(),
    }),
  ),
  complete,
});

export const namespacesInput = z.strictObject({ context: contextName });

export const namespacesSchema = z.object({
  context: z.string(),
  server: z.string(),
  /** The context's own; also where the user may not list others. */
  current: z.string(),
  /** By name. */
  namespaces: z.array(z.object({ name: z.string(), phase: z.string().optional() })),
  complete,
  /** Why they cannot be listed: then they are the current one alone, and any may be typed. */
  refused: errorDataSchema.optional(),
});

export const objectsInput = z.strictObject({
  context: contextName,
  namespace: kubernetesName("Default: the context's."),
  allNamespaces: z.boolean().default(false),
  name: kubernetesName('The objects of this name alone, which takes no right to list all.'),
});

const objectKindSchema = z.enum(['Service', 'StatefulSet']);

const objectPortSchema = z.object({
  port: z.int(),
  name: z.string().optional(),
  /** Kubernetes forwards TCP alone. */
  protocol: z.string(),
  /** What seems to answer there, by its name, its number and what the object is called. */
  kind: profileSchema.shape.kind,
});

/** A database that an operator runs, by the labels that the operator gives (port-forward-protocol, section 8). */
const operatorDatabaseSchema = z.object({
  operator: z.enum(['CloudNativePG', 'Zalando', 'Crunchy', 'Percona', 'StackGres', 'KubeBlocks']),
  cluster: z.string(),
  /** To which pods it leads, where it is told by their role: primary, replica or what else the label says. */
  role: z.string().optional(),
});

export const clusterObjectSchema = z.object({
  kind: objectKindSchema,
  namespace: z.string(),
  name: z.string(),
  ports: z.array(objectPortSchema),
  images: z.array(z.string()),
  /** Absent where it is not known. wanted: of a StatefulSet its replicas, of a Service its endpoints. */
  pods: z.object({ ready: z.int(), wanted: z.int() }).optional(),
  database: operatorDatabaseSchema.optional(),
  /** What answers there by its images and labels, where no port is declared. */
  guess: profileSchema.shape.kind,
  /** It leads out of the cluster or to endpoints that somebody else keeps: it takes a relay. */
  withoutPods: z.enum(['external-name', 'no-selector']).optional(),
});

export const objectsSchema = z.object({
  context: z.string(),
  server: z.string(),
  /** Absent: all namespaces. */
  namespace: z.string().optional(),
  /** How a profile names this cluster so that the name is the same for everybody. */
  cluster: profileSchema.shape.cluster,
  /** By namespace, then name. */
  objects: z.array(clusterObjectSchema),
  complete,
  /** Kinds that the user may not list here. */
  refused: z.array(z.object({ kind: objectKindSchema, error: errorDataSchema })),
});

export type Contexts = z.infer<typeof contextsSchema>;
export type Namespaces = z.infer<typeof namespacesSchema>;
export type ClusterObject = z.infer<typeof clusterObjectSchema>;
export type ClusterObjects = z.infer<typeof objectsSchema>;
export type OperatorDatabase = z.infer<typeof operatorDatabaseSchema>;
