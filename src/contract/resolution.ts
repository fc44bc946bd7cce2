import type { ErrorData } from './error-codes.ts';
import type { PodIdentity } from './pod.ts';

/**
 * What a target points at now.
 * pod: there is one to forward to. `serving` says that Kubernetes calls it ready; when false the pod was named directly and
 *   its container runs, so its port may be tried while a client waits, before the readiness probe says so. `otherPorts` are those that the
 *   pod declares, for a person, where it declares some and not this one.
 * none: nothing to forward to yet, with the typed reason; the cluster may mend it by itself or (retry class user) somebody must. `pod`
 *   is the one that is expected to serve, where the reason is its own: it is there, and not so far yet.
 */
export type Resolution = (
  | {
      readonly kind: 'pod';
      readonly pod: PodIdentity;
      readonly port: number;
      readonly serving: boolean;
      readonly otherPorts?: string;
    }
  | { readonly kind: 'none'; readonly reason: ErrorData; readonly pod?: PodIdentity }
) & {
  /** The user may not watch: it is read every few seconds, so changes are learnt of late. */
  readonly polled?: true;
};
