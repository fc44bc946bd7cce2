/**
 * Credentials as the pod itself is given them: by Bitnami's chart (postgresql, postgresql-ha and its pgpool, whatever its Secret is called) and
 * by whoever runs the official image. The reference is read from the pod, the value from the Secret.
 */
import type { Candidate, CredentialPlan } from './candidate.ts';
import type { DatabasePod, PodContainer } from './database-pod.ts';

interface Variables {
  readonly password: string;
  readonly user?: string;
  /** The role where nothing names one. */
  readonly otherwise?: string;
}

/** Of the images (docker-library/postgres, "Environment Variables"; bitnami/containers, postgresql, postgresql-repmgr and pgpool), the application's first. */
const variables: readonly Variables[] = [
  { password: 'POSTGRES_PASSWORD', user: 'POSTGRES_USER', otherwise: 'postgres' },
  { password: 'POSTGRESQL_PASSWORD', user: 'POSTGRESQL_USERNAME', otherwise: 'postgres' },
  { password: 'POSTGRES_POSTGRES_PASSWORD', otherwise: 'postgres' },
  { password: 'POSTGRESQL_POSTGRES_PASSWORD', otherwise: 'postgres' },
  { password: 'PGPOOL_POSTGRES_PASSWORD', user: 'PGPOOL_POSTGRES_USERNAME', otherwise: 'postgres' },
];
const databaseVariables = ['POSTGRES_DATABASE', 'POSTGRES_DB', 'POSTGRESQL_DATABASE'];

/** Undefined where no container is given a password from a Secret. */
export function environmentPlan(pod: DatabasePod): CredentialPlan | undefined {
  const found = (pod.spec?.containers ?? []).flatMap((container) =>
    variables.flatMap((names) => candidateOf(container, names, pod) ?? []),
  );
  if (found.length === 0) return undefined;
  const ranked = [...ofRank(found, 'application'), ...ofRank(found, 'superuser')];
  return { layout: isBitnami(pod) ? 'Bitnami' : "the pod's environment", candidates: ranked };
}

function candidateOf(
  container: PodContainer,
  { password, user, otherwise }: Variables,
  pod: DatabasePod,
): Candidate | undefined {
  const at = secretOf(container, password, pod);
  if (!at) return undefined;
  const name = user === undefined ? undefined : textOf(container, user);
  const userAt = user === undefined ? undefined : secretOf(container, user, pod);
  // A role's name in another Secret than its password is not looked for: the profile may name it.
  const isElsewhere = userAt !== undefined && userAt.secret !== at.secret;
  const role = name ?? otherwise;
  const database = databaseVariables.map((each) => textOf(container, each)).find(Boolean);
  // The official image makes whomever it is given a superuser; Bitnami's only postgres.
  const isSuperuser = !isBitnami(pod) || (userAt === undefined && role === 'postgres');
  return {
    secret: at.secret,
    passwordKey: at.key,
    ...(userAt && !isElsewhere && { user: { key: userAt.key } }),
    ...(!userAt && role && { user: { name: role } }),
    ...(database && { database: { name: database } }),
    rank: isSuperuser ? 'superuser' : 'application',
    why: `what the pod itself is given as ${password}`,
  };
}

function textOf({ env = [] }: PodContainer, name: string): string | undefined {
  return env.find((variable) => variable.name === name)?.value || undefined;
}

/** By a variable, or by one with _FILE that leads into a mounted Secret. */
function secretOf(
  container: PodContainer,
  name: string,
  { spec }: DatabasePod,
): { readonly secret: string; readonly key: string } | undefined {
  const { env = [], volumeMounts = [] } = container;
  const reference = env.find((variable) => variable.name === name)?.valueFrom?.secretKeyRef;
  if (reference?.name) return { secret: reference.name, key: reference.key };
  const path = textOf(container, `${name}_FILE`);
  if (!path) return undefined;
  const folder = path.slice(0, path.lastIndexOf('/'));
  const mount = volumeMounts.find(({ mountPath }) => mountPath.replace(/\/$/, '') === folder);
  const volume = spec?.volumes?.find((each) => each.name === mount?.name);
  const secret = volume?.secret?.secretName;
  return secret ? { secret, key: path.slice(folder.length + 1) } : undefined;
}

function isBitnami({ metadata, spec }: DatabasePod): boolean {
  const chart = metadata?.labels?.['helm.sh/chart'] ?? '';
  const images = spec?.containers?.map(({ image = '' }) => image) ?? [];
  return /^postgresql(-ha)?-\d/.test(chart) || images.some((image) => /(^|\/)bitnami\w*\//.test(image));
}

function ofRank(candidates: readonly Candidate[], wanted: Candidate['rank']): readonly Candidate[] {
  return candidates.filter(({ rank }) => rank === wanted);
}
