/**
 * What the user may do, asked of the API server itself: beside the first dial, never on the path to the first byte. The answers are the
 * authorizer's; an admission policy may still refuse (see access-review-explain.ts).
 */
import { AppError } from '../base/app-error.ts';
import { type AccessRole, type AccessRule, leastRole, sentenceOf } from './access-review-role.ts';
import type { KubeApi } from './kube-api.ts';

export interface AccessReport {
  /** Undefined where the API server does not tell (before 1.28). */
  readonly user: string | undefined;
  readonly groups: readonly string[];
  readonly namespace: string;
  readonly allowed: readonly AccessRule[];
  /** What is needed and not allowed. */
  readonly missing: readonly AccessRule[];
  /** Not allowed, and done without: objects are read at an interval, or one by one. */
  readonly degraded: readonly AccessRule[];
  /** The least Role that would grant what is missing, where something is. */
  readonly role: AccessRole | undefined;
  /** The least Role that the target takes in all, whatever of it is granted. */
  readonly wholeRole: AccessRole;
  /** What to ask for, one sentence; empty where nothing is missing. */
  readonly next: string;
}

export type Carrier = 'spdy' | 'websocket';

/** What a target of this kind is found by. */
export type AccessTarget =
  | { readonly kind: 'pod'; readonly name: string }
  | { readonly kind: 'statefulset' | 'deployment' | 'replicaset' | 'service'; readonly name: string }
  | { readonly kind: 'selector' };

export interface AccessReviewOptions {
  readonly namespace: string;
  readonly target: AccessTarget;
  /** The pod that would be forwarded to, where it is known. */
  readonly pod?: string | undefined;
  /** The carriers in use. Raw SPDY needs create on pods/portforward; the WebSocket needs get, and create too since 1.35. */
  readonly carriers: readonly Carrier[];
  /** What else it takes, as reading the Secret with its password. */
  readonly besides?: readonly AccessRule[];
  readonly signal?: AbortSignal;
}

/** Asks who the user is and what they may do, all at once. Throws an AppError when the API server cannot be asked. */
export async function reviewAccess(
  api: Pick<KubeApi, 'request'>,
  options: AccessReviewOptions,
): Promise<AccessReport> {
  const { namespace, carriers, signal } = options;
  const optional = { ...(signal && { signal }) };
  const [who, minor] = await Promise.all([
    whoAmI(api, optional),
    carriers.includes('websocket') ? serverMinor(api, optional) : undefined,
  ]);
  const needs = accessNeeds(options, minor);
  const reviewed = await Promise.all(
    needs.map(async (need) => {
      const [isAllowed, isReplaced] = await Promise.all([
        mayI(api, namespace, need.rule, optional),
        need.orElse ? mayI(api, namespace, need.orElse, optional) : false,
      ]);
      return { ...need, isAllowed, required: need.required && !isReplaced };
    }),
  );
  const rules = (matches: (need: (typeof reviewed)[number]) => boolean) =>
    reviewed.filter(matches).map(({ rule }) => rule);
  const missing = rules((need) => !need.isAllowed && need.required);
  const degraded = rules((need) => !need.isAllowed && !need.required);
  // Asking once is enough: what would only be slow without it is in the Role too.
  const roleOf = (granting: readonly AccessRule[]) =>
    leastRole(
      granting.map((rule) => lasting(rule, options.target)),
      { namespace, user: who.user },
    );
  const role = missing.length > 0 ? roleOf([...missing, ...degraded]) : undefined;
  return {
    ...who,
    namespace,
    allowed: rules((need) => need.isAllowed),
    missing,
    degraded,
    role,
    wholeRole: roleOf(rules(() => true)),
    next: role ? sentenceOf(role) : '',
  };
}

/** The pods of a Service or Deployment have other names tomorrow: a Role names only a pod that the user named. */
function lasting(rule: AccessRule, { kind }: AccessTarget): AccessRule {
  if (kind === 'pod' || !rule.resource.startsWith('pods')) return rule;
  const { name: _today, ...anyPod } = rule;
  return anyPod;
}

interface AccessNeed {
  readonly rule: AccessRule;
  /** False: without it changes are learnt of later. */
  readonly required: boolean;
  /** Where this is allowed the rule is not required. */
  readonly orElse?: AccessRule;
}

/** The rules that forwarding to this target takes. `minor` is the API server's minor version; undefined where it is not known. */
function accessNeeds(
  options: Pick<AccessReviewOptions, 'target' | 'pod' | 'carriers' | 'besides'>,
  minor: number | undefined,
): readonly AccessNeed[] {
  const needs = new Map<string, AccessNeed>();
  for (const need of allNeeds(options, minor)) {
    const key = JSON.stringify(need.rule);
    if (!needs.has(key)) needs.set(key, need);
  }
  return [...needs.values()];
}

function allNeeds(
  {
    target,
    pod,
    carriers,
    besides = [],
  }: Pick<AccessReviewOptions, 'target' | 'pod' | 'carriers' | 'besides'>,
  minor: number | undefined,
): readonly AccessNeed[] {
  const rule = (verb: AccessRule['verb'], resource: string, name?: string, group = ''): AccessRule => ({
    verb,
    group,
    resource,
    ...(name !== undefined && { name }),
  });
  const required = (...rules: AccessRule[]) => rules.map((each) => ({ rule: each, required: true }));
  const better = (...rules: AccessRule[]) => rules.map((each) => ({ rule: each, required: false }));

  const podName = target.kind === 'pod' ? target.name : pod;
  const portForward = new Set<'create' | 'get'>();
  // Where the version is not known the WebSocket's create is not asked for: a false alarm is worse than a late one.
  if (carriers.includes('spdy') || (minor !== undefined && minor >= 35)) portForward.add('create');
  if (carriers.includes('websocket')) portForward.add('get');
  const carrying = [...[...portForward].map((verb) => rule(verb, 'pods/portforward', podName)), ...besides];

  const listed = (orElse?: AccessRule): AccessNeed[] => [
    { rule: rule('list', 'pods'), required: true, ...(orElse && { orElse }) },
    ...better(rule('watch', 'pods')),
  ];
  // The pods of these are known by name, so they can be read one by one.
  const byName = rule('get', 'pods', podName);
  switch (target.kind) {
    case 'pod':
      return [...required(...carrying, byName), ...better(rule('watch', 'pods', podName))];
    case 'service': {
      const { name } = target;
      const slices = (verb: 'list' | 'watch') => rule(verb, 'endpointslices', undefined, 'discovery.k8s.io');
      return [
        ...required(...carrying, rule('get', 'services', name), slices('list')),
        ...better(rule('watch', 'services', name), slices('watch')),
        ...listed(byName),
      ];
    }
    case 'statefulset':
    case 'deployment':
    case 'replicaset': {
      const plural = `${target.kind}s`;
      return [
        ...required(...carrying, rule('get', plural, target.name, 'apps')),
        ...better(rule('watch', plural, target.name, 'apps')),
        ...listed(target.kind === 'statefulset' ? byName : undefined),
      ];
    }
    case 'selector':
      return [...required(...carrying), ...listed()];
  }
}

export interface Who {
  readonly user: string | undefined;
  readonly groups: readonly string[];
}

interface Optional {
  readonly signal?: AbortSignal;
}

/** Whom the API server takes the user for; undefined where it does not tell (before 1.28). Throws an AppError where it cannot be asked. */
export async function whoAmI(api: Pick<KubeApi, 'request'>, optional: Optional = {}): Promise<Who> {
  const apiVersion = 'authentication.k8s.io/v1';
  try {
    const review = await api.request<{
      readonly status?: { readonly userInfo?: { readonly username?: string; readonly groups?: string[] } };
    }>({
      method: 'POST',
      path: `/apis/${apiVersion}/selfsubjectreviews`,
      body: { apiVersion, kind: 'SelfSubjectReview' },
      ...optional,
    });
    const { username, groups = [] } = review.status?.userInfo ?? {};
    return { user: username, groups };
  } catch (error) {
    // Servers before 1.28 do not have it: 404, or for some users 403.
    const code = error instanceof AppError ? error.code : undefined;
    const absent = code === 'SP-TARGET-NOT-FOUND' || code === 'SP-FORBIDDEN' || code === 'SP-API-ERROR';
    if (!absent) throw error;
    return { user: undefined, groups: [] };
  }
}

async function mayI(
  api: Pick<KubeApi, 'request'>,
  namespace: string,
  { verb, group, resource: full, name }: AccessRule,
  optional: Optional,
): Promise<boolean> {
  const apiVersion = 'authorization.k8s.io/v1';
  const [resource, subresource] = full.split('/');
  const resourceAttributes = { namespace, verb, group, resource, subresource, name };
  const review = await api.request<{ readonly status?: { readonly allowed?: boolean } }>({
    method: 'POST',
    path: `/apis/${apiVersion}/selfsubjectaccessreviews`,
    body: { apiVersion, kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
    ...optional,
  });
  return review.status?.allowed === true;
}

async function serverMinor(api: Pick<KubeApi, 'request'>, optional: Optional): Promise<number | undefined> {
  try {
    const { minor } = await api.request<{ readonly minor?: string }>({ path: '/version', ...optional });
    // Managed clusters say `34+`.
    const number = Number.parseInt(minor ?? '', 10);
    return Number.isNaN(number) ? undefined : number;
  } catch (error) {
    if (error instanceof AppError && error.code === 'SP-FORBIDDEN') return undefined;
    throw error;
  }
}
