import type { KubeObject } from './manifests.ts';

interface RoleOptions {
  readonly namespace: string;
  readonly name: string;
  readonly user: string;
  /** Only these pods; without it, all of the namespace. */
  readonly pods?: readonly string[];
}

/** A Role that allows what port-forwarding takes, and its binding to one user. */
export function portForwardRole({ namespace, name, user, pods }: RoleOptions): KubeObject[] {
  const only = pods ? { resourceNames: pods } : {};
  const rules = [
    {
      apiGroups: [''],
      resources: ['pods'],
      verbs: pods ? ['get', 'watch'] : ['get', 'list', 'watch'],
      ...only,
    },
    { apiGroups: [''], resources: ['pods/portforward'], verbs: ['create', 'get'], ...only },
  ];
  return boundRole({ namespace, name, user }, rules);
}

/** A Role that allows to see all pods, and no more, and its binding to one user. */
export function seePodsRole(options: Omit<RoleOptions, 'pods'>): KubeObject[] {
  return boundRole(options, [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] }]);
}

/** A Role that allows to read one Secret, and its binding to one user. */
export function secretRole(options: Omit<RoleOptions, 'pods'>, secret: string): KubeObject[] {
  return boundRole(options, [
    { apiGroups: [''], resources: ['secrets'], resourceNames: [secret], verbs: ['get'] },
  ]);
}

/** A Role that allows to read all Secrets and ConfigMaps of the namespace and to list Secrets, and its binding to one user. */
export function allSecretsRole(options: Omit<RoleOptions, 'pods'>): KubeObject[] {
  return boundRole(options, [
    { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
  ]);
}

function boundRole({ namespace, name, user }: Omit<RoleOptions, 'pods'>, rules: object[]): KubeObject[] {
  const group = 'rbac.authorization.k8s.io';
  return [
    { apiVersion: `${group}/v1`, kind: 'Role', metadata: { name, namespace }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      subjects: [{ kind: 'User', name: user, apiGroup: group }],
      roleRef: { kind: 'Role', name, apiGroup: group },
    },
  ];
}

/** A policy that refuses every port-forward in one namespace although RBAC allows it, and its binding. */
export function noPortForwards({ namespace, message }: { namespace: string; message: string }): KubeObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const name = `no-port-forwards-${namespace}`;
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CONNECT'],
              resources: ['pods/portforward'],
            },
          ],
        },
        validations: [{ expression: 'false', message }],
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
}
