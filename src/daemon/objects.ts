import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { HandledInput } from '../contract/control.ts';
import {
  type ClusterObjects,
  type Contexts,
  listLimits,
  type Namespaces,
} from '../contract/control-objects.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import type { KubeconfigFile } from '../kube/kubeconfig-file.ts';
import type { EndpointSlice, KubeObject, Service } from '../kube/types.ts';
import { collectionPath, resources } from '../kube/watch-resources.ts';
import type { ClusterPool } from './cluster-pool.ts';
import { limited } from './cluster-questions.ts';
import { nameCluster } from './name-cluster.ts';
import {
  byPlace,
  endpointCounts,
  type SentNamespace,
  type SentStatefulSet,
  serviceEntity,
  statefulSetEntity,
} from './objects-entity.ts';

const pageSize = 500;
const namespaces = { plural: 'namespaces', group: '' };

export interface ObjectListerOptions {
  readonly clock: Clock;
  readonly clusters: Pick<ClusterPool, 'lease'>;
  readonly kubeconfig: () => Promise<KubeconfigFile>;
}

/** What there is to choose a target from. Lists once and keeps nothing; contexts are the user's own, never a profile's. */
export class ObjectLister {
  readonly #options: ObjectListerOptions;

  constructor(options: ObjectListerOptions) {
    this.#options = options;
  }

  async contexts(): Promise<Contexts> {
    const { contexts, clusters, currentContext } = await this.#options.kubeconfig();
    const all = [...contexts].map(([name, { cluster, user, namespace }]) => {
      const server = clusters.get(cluster)?.server;
      return {
        name,
        ...(server !== undefined && { server }),
        user,
        namespace: namespace || 'default',
        current: name === currentContext,
      };
    });
    all.sort((a, b) => a.name.localeCompare(b.name));
    return {
      contexts: all.slice(0, listLimits.contexts),
      complete: all.length <= listLimits.contexts,
    };
  }

  /** Rejects as a lease does, and with what keeps the cluster from answering but a refusal. */
  async namespaces({ context }: HandledInput<'namespaces'>, signal: AbortSignal): Promise<Namespaces> {
    using lease = await this.#options.clusters.lease({ context }, () => false);
    const { api } = lease;
    using limit = limited(signal, this.#options.clock);
    const listed = await list<SentNamespace>(api, {
      path: collectionPath(namespaces, undefined),
      most: listLimits.namespaces,
      signal: limit,
    });
    const about = { context: api.contextName, server: api.server, current: api.namespace };
    if ('refused' in listed) {
      const refused = listed.refused.toData();
      return { ...about, namespaces: [{ name: api.namespace }], complete: false, refused };
    }
    const found = listed.items.map(({ metadata: { name }, status }) => ({
      name,
      ...(status?.phase && { phase: status.phase }),
    }));
    found.sort((a, b) => a.name.localeCompare(b.name));
    return { ...about, namespaces: found, complete: listed.complete };
  }

  /** Rejects as `namespaces`. A kind that the user may not list is told of beside what there is of the other. */
  async objects(asked: HandledInput<'objects'>, signal: AbortSignal): Promise<ClusterObjects> {
    const { context, allNamespaces, name } = asked;
    if (allNamespaces && asked.namespace !== undefined) {
      throw new AppError('SP-USAGE', { message: 'one namespace and all of them do not go together' });
    }
    using lease = await this.#options.clusters.lease({ context }, () => false);
    const { api } = lease;
    const namespace = allNamespaces ? undefined : (asked.namespace ?? api.namespace);
    using limit = limited(signal, this.#options.clock);
    const named = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
    const ofService = name === undefined ? {} : { labelSelector: `kubernetes.io/service-name=${name}` };
    const most = listLimits.objects;
    const get = <T extends KubeObject>(kind: keyof typeof resources, query: Record<string, string>) =>
      list<T>(api, { path: collectionPath(resources[kind], namespace), query, most, signal: limit });
    const [services, statefulSets, slices, cluster] = await Promise.all([
      get<Service>('services', named),
      get<SentStatefulSet>('statefulsets', named),
      get<EndpointSlice>('endpointslices', ofService),
      this.#options.kubeconfig().then((config) => nameCluster(config, api.contextName)),
    ]);
    // Counts of a part would be wrong ones.
    const counts = 'items' in slices && slices.complete ? endpointCounts(slices.items) : undefined;
    const objects = [
      ...itemsOf(services).map((service) => serviceEntity(service, counts)),
      ...itemsOf(statefulSets).map(statefulSetEntity),
    ];
    objects.sort(byPlace);
    return {
      context: api.contextName,
      server: api.server,
      ...(namespace !== undefined && { namespace }),
      cluster,
      objects: objects.slice(0, most),
      complete:
        [services, statefulSets].every((of) => 'refused' in of || of.complete) && objects.length <= most,
      refused: [...refusalOf('Service', services), ...refusalOf('StatefulSet', statefulSets)],
    };
  }
}

type Listed<T> = { readonly items: T[]; readonly complete: boolean } | { readonly refused: AppError };

function itemsOf<T>(listed: Listed<T>): T[] {
  return 'items' in listed ? listed.items : [];
}

function refusalOf(
  kind: ClusterObjects['refused'][number]['kind'],
  listed: Listed<unknown>,
): ClusterObjects['refused'] {
  return 'refused' in listed ? [{ kind, error: listed.refused.toData() }] : [];
}

interface ListRequest {
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly most: number;
  readonly signal: AbortSignal;
}

/** A collection page by page, up to `most` items. That it is forbidden is an answer. */
async function list<T extends KubeObject>(
  api: KubeApi,
  { path, query = {}, most, signal }: ListRequest,
): Promise<Listed<T>> {
  const items: T[] = [];
  let next: string | undefined;
  try {
    do {
      const words = { ...query, limit: String(pageSize), ...(next !== undefined && { continue: next }) };
      const page = await api.request<{
        readonly items?: readonly T[];
        readonly metadata?: { readonly continue?: string };
      }>({ path: `${path}?${new URLSearchParams(words)}`, signal });
      items.push(...(page.items ?? []));
      next = page.metadata?.continue || undefined;
    } while (next !== undefined && items.length < most);
  } catch (error) {
    signal.throwIfAborted();
    const refused = AppError.from(error);
    if (refused.code === 'SP-FORBIDDEN') return { refused };
    throw error;
  }
  return { items: items.slice(0, most), complete: next === undefined && items.length <= most };
}
