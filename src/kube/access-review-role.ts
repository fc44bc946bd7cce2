/** One thing to be allowed, in the terms of RBAC. */
export interface AccessRule {
  readonly verb: 'get' | 'list' | 'watch' | 'create';
  /** API group, empty for the core group. */
  readonly group: string;
  /** Plural, with its subresource: pods/portforward. */
  readonly resource: string;
  /** The one object; undefined: any. A Role may name objects, so a review without the name says no where one with it says yes. */
  readonly name?: string | undefined;
}

interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** A Role to ask for, and its binding to the user where the user is known. */
export interface AccessRole {
  readonly name: string;
  readonly namespace: string;
  readonly user: string | undefined;
  readonly rules: readonly RoleRule[];
  /** For `kubectl apply -f -`. */
  readonly yaml: string;
}

export interface RoleContext {
  readonly namespace: string;
  readonly user: string | undefined;
}

const roleName = 'sallyport-forward';

/** The least Role that grants these rules: no verb, resource or object more. */
export function leastRole(missing: readonly AccessRule[], { namespace, user }: RoleContext): AccessRole {
  const merged = new Map<string, RoleRule>();
  for (const { verb, group, resource, name } of missing) {
    const key = JSON.stringify([group, resource, name]);
    const verbs = new Set([...(merged.get(key)?.verbs ?? []), verb]);
    merged.set(key, {
      apiGroups: [group],
      resources: [resource],
      ...(name !== undefined && { resourceNames: [name] }),
      verbs: [...verbs],
    });
  }
  const rules = [...merged.values()];
  return { name: roleName, namespace, user, rules, yaml: toYaml(rules, { namespace, user }) };
}

/** `ask for a Role in namespace data with: pods/portforward create (postgres-0); pods get, watch`. */
export function sentenceOf({ namespace, rules }: Pick<AccessRole, 'namespace' | 'rules'>): string {
  const each = rules.map(({ apiGroups, resources, resourceNames, verbs }) => {
    const group = apiGroups[0] ? `.${apiGroups[0]}` : '';
    const named = resourceNames ? ` (${resourceNames.join(', ')})` : '';
    return `${resources.join(', ')}${group} ${verbs.join(', ')}${named}`;
  });
  return `ask for a Role in namespace ${namespace} with: ${each.join('; ')}`;
}

/** JSON strings are YAML strings: what needs no escape in one needs none in the other. */
function toYaml(rules: readonly RoleRule[], { namespace, user }: RoleContext): string {
  const list = (items: readonly string[]) => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
  const metadata = `metadata: {name: ${roleName}, namespace: ${JSON.stringify(namespace)}}`;
  const lines = ['apiVersion: rbac.authorization.k8s.io/v1', 'kind: Role', metadata, 'rules:'];
  for (const { apiGroups, resources, resourceNames, verbs } of rules) {
    lines.push(`- apiGroups: ${list(apiGroups)}`, `  resources: ${list(resources)}`);
    if (resourceNames) lines.push(`  resourceNames: ${list(resourceNames)}`);
    lines.push(`  verbs: ${list(verbs)}`);
  }
  if (user !== undefined) {
    lines.push('---', 'apiVersion: rbac.authorization.k8s.io/v1', 'kind: RoleBinding', metadata);
    lines.push(`roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${roleName}}`);
    lines.push('subjects:', `- ${subject(user)}`);
  }
  return `${lines.join('\n')}\n`;
}

function subject(user: string): string {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace && name
    ? `{kind: ServiceAccount, name: ${JSON.stringify(name)}, namespace: ${JSON.stringify(namespace)}}`
    : `{kind: User, apiGroup: rbac.authorization.k8s.io, name: ${JSON.stringify(user)}}`;
}
