import * as z from 'zod';

/** The pod a target resolves to right now. Identity is the UID: a recreated pod of the same name is another pod. */
export const podIdentitySchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  node: z.string().optional(),
  ip: z.string().optional(),
  /** The container that declares the port, else the pod's first. */
  container: z.string().optional(),
  image: z.string().optional(),
  /** Restarts of that container. */
  restarts: z.number().int(),
  ready: z.boolean(),
  /** primary, replica, or what else the operator's label says. */
  role: z.string().optional(),
  /** Its localhost is the node's. */
  hostNetwork: z.boolean(),
});

export type PodIdentity = z.infer<typeof podIdentitySchema>;
