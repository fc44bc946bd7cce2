import { type Profile, profileSchema } from '../contract/profile.ts';
import { selectContext } from '../kube/kubeconfig.ts';
import type { KubeconfigFile } from '../kube/kubeconfig-file.ts';
import { fingerprints, isSameAccess, matches } from './find-context.ts';

/**
 * How a profile names the cluster behind a context: by server and CA, which are the same for everybody. The context's own name is added
 * where others lead to that cluster as other users, and stands alone where the server is no URL that a profile can hold.
 */
export async function nameCluster(config: KubeconfigFile, context: string): Promise<Profile['cluster']> {
  const { cluster: entry } = selectContext(config, { context });
  const [caFingerprint] = await fingerprints(entry);
  const server = URL.parse(entry.server)?.href.replace(/\/$/, '');
  const named = { server, ...(caFingerprint !== undefined && { caFingerprint }) };
  const cluster = profileSchema.shape.cluster.safeParse(named).data;
  if (server === undefined || !cluster) return { context };
  for (const [other, { cluster: otherName }] of config.contexts) {
    const otherEntry = config.clusters.get(otherName);
    if (!otherEntry || isSameAccess(config, context, other)) continue;
    if (await matches(otherEntry, cluster)) return { ...cluster, context };
  }
  return cluster;
}
