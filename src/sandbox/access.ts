import type { Identity } from './identity.ts';
import { StatusError } from './status-error.ts';

/** What is asked of the API server, as RBAC sees it. Empty namespace: cluster scope; empty name: no single object. */
export interface AccessRequest {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** The sandbox's RBAC: true allows. */
export type Allow = (identity: Identity, access: AccessRequest) => boolean;

/** The 403 that Kubernetes answers when RBAC says no. */
export function forbidden({ user }: Identity, access: AccessRequest): StatusError {
  const { verb, group, resource, subresource, namespace, name } = access;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  const kind = group === '' ? resource : `${resource}.${group}`;
  const subject = name === '' ? `${kind} is forbidden` : `${kind} "${name}" is forbidden`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return new StatusError(
    403,
    'Forbidden',
    `${subject}: User "${user}" cannot ${verb} resource "${full}" in API group "${group}" ${where}`,
    { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource },
  );
}

/** Answers a SelfSubjectReview or SelfSubjectAccessReview; undefined for any other kind. */
export function review(kind: string, body: unknown, identity: Identity, allow: Allow): object | undefined {
  if (kind === 'selfsubjectreviews') {
    return {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: {},
      status: { userInfo: { username: identity.user, groups: identity.groups } },
    };
  }
  if (kind !== 'selfsubjectaccessreviews') return undefined;
  const spec = (body as { spec?: { resourceAttributes?: Partial<AccessRequest> } }).spec ?? {};
  const {
    verb = '',
    group = '',
    resource = '',
    subresource = '',
    namespace = '',
    name = '',
  } = spec.resourceAttributes ?? {};
  const allowed = allow(identity, { verb, group, resource, subresource, namespace, name });
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    metadata: {},
    spec,
    status: { allowed, ...(allowed ? { reason: 'allowed by the sandbox' } : {}) },
  };
}
