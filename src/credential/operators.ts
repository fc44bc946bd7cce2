/**
 * The operators of PostgreSQL, by the labels that they give to pods, Services and StatefulSets, and where each keeps credentials. One
 * table for whoever has to know an operator's database: chooser, import and credentials.
 */
import type { OperatorDatabase } from '../contract/control-objects.ts';
import type { Candidate, CredentialPlan } from './candidate.ts';
import type { Labels } from './database-pod.ts';

export interface DatabaseCluster {
  readonly operator: OperatorDatabase['operator'];
  readonly cluster: string;
}

interface Operator {
  readonly operator: OperatorDatabase['operator'];
  /** Labels that must be as here, where that of the cluster alone says too little. */
  readonly signs?: Readonly<Record<string, readonly string[]>>;
  /** The label with the cluster's name. */
  readonly cluster: string;
  /** Whether it makes a role for the application, not a superuser alone. */
  readonly hasApplicationRole: boolean;
  /** `user`: the role that the profile names. */
  readonly plan: (of: PlanInput) => Omit<CredentialPlan, 'layout'>;
}

interface PlanInput {
  readonly cluster: string;
  readonly labels: Labels;
  readonly user: string | undefined;
}

const crunchyCluster = 'postgres-operator.crunchydata.com/cluster';

const operators: readonly Operator[] = [
  { operator: 'CloudNativePG', cluster: 'cnpg.io/cluster', hasApplicationRole: true, plan: cloudNativePg },
  {
    operator: 'Zalando',
    signs: { application: ['spilo', 'db-connection-pooler'] },
    cluster: 'cluster-name',
    hasApplicationRole: true,
    plan: zalando,
  },
  {
    operator: 'Percona',
    signs: { 'app.kubernetes.io/managed-by': ['percona-postgresql-operator'] },
    cluster: crunchyCluster,
    hasApplicationRole: true,
    plan: crunchy,
  },
  { operator: 'Crunchy', cluster: crunchyCluster, hasApplicationRole: true, plan: crunchy },
  {
    operator: 'StackGres',
    signs: { app: ['StackGresCluster'] },
    cluster: 'stackgres.io/cluster-name',
    hasApplicationRole: false,
    plan: stackGres,
  },
  {
    operator: 'KubeBlocks',
    signs: { 'app.kubernetes.io/managed-by': ['kubeblocks'] },
    cluster: 'app.kubernetes.io/instance',
    hasApplicationRole: false,
    plan: kubeBlocks,
  },
];

/** Which operator's database something with these labels belongs to. */
export function operatorDatabase(labels: Labels): DatabaseCluster | undefined {
  const found = operatorOf(labels);
  return found && { operator: found.operator, cluster: labels[found.cluster]! };
}

/** Whether a Secret for the application's own role is to be expected, not a superuser's alone. */
export function hasApplicationRole(wanted: OperatorDatabase['operator']): boolean {
  return operators.some(({ operator, hasApplicationRole: has }) => operator === wanted && has);
}

/** Where the operator of a pod with these labels keeps its credentials. */
export function operatorPlan(labels: Labels, user: string | undefined): CredentialPlan | undefined {
  const found = operatorOf(labels);
  if (!found) return undefined;
  return { layout: found.operator, ...found.plan({ cluster: labels[found.cluster]!, labels, user }) };
}

function operatorOf(labels: Labels): Operator | undefined {
  return operators.find(
    ({ signs = {}, cluster }) =>
      labels[cluster] &&
      Object.entries(signs).every(([label, values]) => values.includes(labels[label] ?? '')),
  );
}

/** `<c>-app` is the owner's, `<c>-superuser` there where enableSuperuserAccess is (CloudNativePG, "Connecting from an application"). */
function cloudNativePg({ cluster }: PlanInput): Omit<CredentialPlan, 'layout'> {
  const keys = {
    passwordKey: 'password',
    user: { key: 'username' },
    database: { key: 'dbname' },
  };
  return {
    candidates: [
      { secret: `${cluster}-app`, ...keys, rank: 'application', why: `the owner's Secret of ${cluster}` },
      { ...superuserOf(cluster, `${cluster}-superuser`), ...keys, database: { name: 'postgres' } },
    ],
  };
}

/**
 * `<user>.<c>.credentials.postgresql.acid.zalan.do` with labels application and cluster-name; an underscore of the role is a hyphen in the name
 * (Zalando, "User manual"; util/constants, secret_name_template). postgres is the superuser; standby and pooler are the operator's own.
 */
function zalando({ cluster, user }: PlanInput): Omit<CredentialPlan, 'layout'> {
  const suffix = `.${cluster}.credentials.postgresql.acid.zalan.do`;
  const keys = { passwordKey: 'password', user: { key: 'username' } };
  const superuser = { ...superuserOf(cluster, `postgres${suffix}`), ...keys };
  const role = (name: string): Candidate => ({
    secret: `${name}${suffix}`,
    ...keys,
    rank: 'application',
    why: `the Secret of role ${name} of ${cluster}`,
  });
  if (user === 'postgres') return { candidates: [superuser] };
  if (user !== undefined) return { candidates: [role(user.replaceAll('_', '-'))] };
  return {
    candidates: [superuser],
    listed: {
      labelSelector: `application=spilo,cluster-name=${cluster}`,
      candidateOf: (secret) => {
        const name = secret.endsWith(suffix) ? secret.slice(0, -suffix.length) : '';
        return ['', 'postgres', 'standby', 'pooler'].includes(name) ? undefined : role(name);
      },
    },
  };
}

/**
 * `<c>-pguser-<user>`, labelled …/cluster and …/pguser; the user that is made where none is asked for is called as the cluster (Crunchy PGO,
 * "User Management"; Percona's operator 2.x keeps the same names). A Secret for postgres is made only where the spec asks for it.
 */
function crunchy({ cluster, user }: PlanInput): Omit<CredentialPlan, 'layout'> {
  const prefix = `${cluster}-pguser-`;
  const keys = { passwordKey: 'password', user: { key: 'user' }, database: { key: 'dbname' } };
  const role = (name: string): Candidate => ({
    secret: `${prefix}${name}`,
    ...keys,
    rank: 'application',
    why: `the Secret of role ${name} of ${cluster}`,
  });
  const superuser = { ...superuserOf(cluster, `${prefix}postgres`), ...keys };
  if (user === 'postgres') return { candidates: [superuser] };
  if (user !== undefined) return { candidates: [role(user)] };
  return {
    candidates: [role(cluster), superuser],
    listed: {
      labelSelector: `${crunchyCluster}=${cluster},postgres-operator.crunchydata.com/pguser`,
      candidateOf: (secret) => {
        const name = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
        return ['', 'postgres', cluster].includes(name) ? undefined : role(name);
      },
    },
  };
}

/** One Secret called as the cluster, with superuser-username since 1.3 and superuser-password (StackGres, "Connecting to the cluster"). */
function stackGres({ cluster }: PlanInput): Omit<CredentialPlan, 'layout'> {
  const user = { key: 'superuser-username', otherwise: 'postgres' } as const;
  return { candidates: [{ ...superuserOf(cluster, cluster), passwordKey: 'superuser-password', user }] };
}

/**
 * `<c>-<component>-account-<name>` with username and password; postgres is the superuser, kb… are the operator's own (KubeBlocks,
 * "Connect to the cluster"). Before 0.9: `<c>-conn-credential`.
 */
function kubeBlocks({ cluster, labels, user }: PlanInput): Omit<CredentialPlan, 'layout'> {
  const component = labels['apps.kubeblocks.io/component-name'] ?? 'postgresql';
  const prefix = `${cluster}-${component}-account-`;
  const keys = { passwordKey: 'password', user: { key: 'username' } };
  const role = (name: string): Candidate => ({
    secret: `${prefix}${name}`,
    ...keys,
    rank: 'application',
    why: `the Secret of account ${name} of ${cluster}`,
  });
  const superusers = [`${prefix}postgres`, `${cluster}-conn-credential`].map((secret) => ({
    ...superuserOf(cluster, secret),
    ...keys,
  }));
  if (user === 'postgres') return { candidates: superusers };
  if (user !== undefined) return { candidates: [role(user)] };
  return {
    candidates: superusers,
    listed: {
      labelSelector: `app.kubernetes.io/instance=${cluster},apps.kubeblocks.io/component-name=${component}`,
      candidateOf: (secret) => {
        const name = secret.startsWith(prefix) ? secret.slice(prefix.length) : '';
        return name === '' || name === 'postgres' || name.startsWith('kb') ? undefined : role(name);
      },
    },
  };
}

function superuserOf(cluster: string, secret: string) {
  return { secret, rank: 'superuser', why: `the superuser's Secret of ${cluster}` } as const;
}
