import { createHash, X509Certificate } from 'node:crypto';
import pLimit from 'p-limit';
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
  /** The UID of kube-system behind a context. Rejects where it cannot be had now: nobody knows then whether it is the one. */
  readonly uidOf: (context: string) => Promise<string | undefined>;
}

/** Asking a cluster takes its credentials, and may run a plugin. */
const maxAskedAtOnce = 4;
const maxCaBytes = 4 * 1024 * 1024;

/**
 * The context of the user's kubeconfig that leads to a profile's cluster: all that the profile names must match. Of several with one
 * server and user any will do; of several users it takes the current context's or asks. Throws SP-CLUSTER-UNKNOWN,
 * SP-CLUSTER-AMBIGUOUS and SP-KUBECONFIG-*, and where none matches what kept one from saying so: the current context's error, else the first.
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
  const matching =
    cluster.uid === undefined ? candidates : await withUid(config, candidates, { uid: cluster.uid, uidOf });
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
  config: KubeconfigFile,
  candidates: readonly string[],
  { uid, uidOf }: { readonly uid: string; readonly uidOf: FindContext['uidOf'] },
): Promise<string[]> {
  const answers: PromiseSettledResult<boolean>[] = [];
  const ask = async (contexts: readonly string[]) => {
    const turn = pLimit(maxAskedAtOnce);
    const asked = contexts.map((context) => turn(async () => (await uidOf(context)) === uid));
    const settled = await Promise.allSettled(asked);
    answers.push(...settled);
    return contexts.filter((_, index) => {
      const answer = settled[index];
      return answer?.status === 'fulfilled' && answer.value;
    });
  };
  // Where the current context is the one it is taken, and the credentials of others are left alone.
  const current = candidates.filter((context) => context === config.currentContext);
  const found = await ask(current);
  if (found.length > 0) return found;
  const others = candidates.filter(
    (context) => !current.some((asked) => isSameAccess(config, asked, context)),
  );
  const distinct = others.filter(
    (context, index) => others.findIndex((other) => isSameAccess(config, other, context)) === index,
  );
  const matching = await ask(distinct);
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (matching.length === 0 && failed) throw failed.reason;
  return matching;
}

export function isSameAccess({ contexts }: KubeconfigFile, a: string, b: string): boolean {
  const [one, other] = [contexts.get(a), contexts.get(b)];
  return one?.cluster === other?.cluster && one?.user === other?.user;
}
