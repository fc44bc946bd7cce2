import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';

interface Entry {
  readonly cluster: Readonly<Record<string, string | boolean>>;
}

/** Where a kubeconfig's first cluster is and how its certificate is checked. */
async function clusterOf(kubeconfig: string): Promise<Entry['cluster']> {
  const { clusters } = parse(await readFile(kubeconfig, 'utf8')) as { clusters: Entry[] };
  if (!clusters[0]) throw new Error(`${kubeconfig} names no cluster`);
  return clusters[0].cluster;
}

interface KubeconfigOptions {
  /** A kubeconfig whose cluster is taken over, with what is changed of it. */
  readonly from?: string;
  readonly cluster?: Readonly<Record<string, string | boolean>>;
  readonly user?: Readonly<Record<string, unknown>>;
}

/** Writes a kubeconfig of one context. YAML is a superset of JSON, so JSON it is. */
export async function writeKubeconfig(
  path: string,
  { from, cluster = {}, user = {} }: KubeconfigOptions,
): Promise<void> {
  const taken = from ? await clusterOf(from) : {};
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'one', cluster: { ...taken, ...cluster } }],
    users: [{ name: 'one', user }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    'current-context': 'one',
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
}
