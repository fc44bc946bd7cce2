import { createHash, X509Certificate } from 'node:crypto';
import { AppError } from '../base/app-error.ts';
import type { Profile } from '../contract/profile.ts';
import { dataOrFile } from '../kube/credentials.ts';
import { readBounded } from '../kube/kubeconfig.ts';
import type { ClusterEntry, KubeconfigFile } from '../kube/kubeconfig-file.ts';

export interface FindContext {
  readonly cluster: Profile['cluster'];
  readonly kubeconfig: () => Promise<KubeconfigFile>;
  /** For the sentence that says where to choose among several. */
  readonly source: string;
  readonly name: string;
  /** The UID of kube-system behind a context; undefined where it cannot be had. */
  readonly uidOf: (context: string) => Promise<string | undefined>;
}

const maxCaBytes = 4 * 1024 * 1024;

/**
 * The context of the user's kubeconfig that leads to a profile's cluster: all that the profile names must match. Of several with one
 * server and user any will do; of several users it takes the current context's or asks. Throws SP-CLUSTER-UNKNOWN,
 * SP-CLUSTER-AMBIGUOUS and SP-KUBECONFIG-*.
 */
export async function findContext({
  cluster,
  kubeconfig,
  source,
  name,
  uidOf,
}: FindContext): Promise<string> {
  const config = await kubeconfig();
  const candidates: string[] = [];
  for (const [context, entry] of config.contexts) {
    if (cluster.context !== undefined && cluster.context !== context) continue;
    const found = config.clusters.get(entry.cluster);
    if (found && (await matches(found, cluster))) candidates.push(context);
  }
  const wanted = cluster.server ?? cluster.context ?? cluster.uid ?? cluster.caFingerprint;
  const matching = cluster.uid === undefined ? candidates : await withUid(candidates, cluster.uid, uidOf);
  const [first, ...others] = matching;
  if (first === undefined) {
    const known = [...config.contexts.keys()].slice(0, 20).join(', ');
    throw new AppError('SP-CLUSTER-UNKNOWN', { cluster: wanted, known });
  }
  if (matching.includes(config.currentContext)) return config.currentContext;
  if (others.every((other) => isSameAccess(config, first, other))) return first;
  const contexts = matching.slice(0, 20).join(', ');
  throw new AppError('SP-CLUSTER-AMBIGUOUS', { cluster: wanted, contexts, source, name });
}

export async function matches(entry: ClusterEntry, cluster: Profile['cluster']): Promise<boolean> {
  if (cluster.server !== undefined && normalized(cluster.server) !== normalized(entry.server)) return false;
  if (cluster.caFingerprint === undefined) return true;
  const wanted = cluster.caFingerprint.replaceAll(':', '').toLowerCase();
  return (await fingerprints(entry)).includes(wanted);
}

/** Scheme and host do not tell capitals apart, :443 and a slash at the end say nothing. */
function normalized(server: string): string {
  return URL.parse(server)?.href.replace(/\/$/, '') ?? server;
}

/** Of each certificate in the cluster's bundle; none where it cannot be read. */
export async function fingerprints({ certificateAuthority }: ClusterEntry): Promise<string[]> {
  try {
    const pem = await dataOrFile(
      certificateAuthority,
      async (path) => (await readBounded(path, maxCaBytes)) ?? '',
    );
    const certificates = pem?.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return certificates.map((text) =>
      createHash('sha256').update(new X509Certificate(text).raw).digest('hex'),
    );
  } catch {
    return [];
  }
}

async function withUid(
  contexts: readonly string[],
  uid: string,
  uidOf: FindContext['uidOf'],
): Promise<string[]> {
  const uids = await Promise.all(contexts.map(uidOf));
  return contexts.filter((_, index) => uids[index] === uid);
}

export function isSameAccess({ contexts }: KubeconfigFile, a: string, b: string): boolean {
  const [one, other] = [contexts.get(a), contexts.get(b)];
  return one?.cluster === other?.cluster && one?.user === other?.user;
}
