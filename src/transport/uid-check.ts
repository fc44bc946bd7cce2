import { AppError } from '../base/app-error.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { KubeApi } from '../kube/kube-api.ts';

interface ObjectMetadata {
  readonly metadata: { readonly uid: string };
}

interface MetadataList {
  /** Null is what Go sends for an empty list. */
  readonly items?: readonly ObjectMetadata[] | null;
}

const metadataOnly = (as: 'PartialObjectMetadata' | 'PartialObjectMetadataList') => ({
  Accept: `application/json;as=${as};g=meta.k8s.io;v=v1`,
});

/**
 * Confirms that a pod's name still means the same pod. The port-forward URL carries only the name, so the pod may have been replaced
 * between the decision and the 101 (port-forward-protocol section 6); a read that begins after the 101 and finds the UID proves that
 * the session leads there, as a UID never comes back. One read serves all who asked before it was sent.
 */
export class UidCheck {
  readonly #api: KubeApi;
  /** By namespace/name: the read that is under way, and the one that begins after it, which who asks now may share. */
  readonly #running = new Map<string, Promise<string | undefined>>();
  readonly #next = new Map<string, Promise<string | undefined>>();

  constructor(api: KubeApi) {
    this.#api = api;
  }

  /** Resolves when the name means `pod`; rejects with SP-POD-REPLACED otherwise, or with what the API server said. */
  async confirm(pod: PodIdentity, signal: AbortSignal): Promise<void> {
    const uid = await this.#read(pod);
    signal.throwIfAborted();
    // Who may neither get nor list pods knows the UID from whatever told it, which is as good as it gets.
    if (uid === undefined || uid === pod.uid) return;
    throw new AppError('SP-POD-REPLACED', { pod: pod.name });
  }

  #read(pod: PodIdentity): Promise<string | undefined> {
    const key = `${pod.namespace}/${pod.name}`;
    const running = this.#running.get(key);
    if (!running) return this.#send(key, pod);
    const shared = this.#next.get(key);
    if (shared) return shared;
    const begin = () => {
      this.#next.delete(key);
      return this.#send(key, pod);
    };
    const next = running.then(begin, begin);
    this.#next.set(key, next);
    return next;
  }

  #send(key: string, pod: PodIdentity): Promise<string | undefined> {
    const read = this.#get(pod).finally(() => {
      if (this.#running.get(key) === read) this.#running.delete(key);
    });
    this.#running.set(key, read);
    return read;
  }

  async #get(pod: PodIdentity): Promise<string | undefined> {
    try {
      const path = `${podsPath(pod)}/${encodeURIComponent(pod.name)}`;
      const headers = metadataOnly('PartialObjectMetadata');
      const { metadata } = await this.#api.request<ObjectMetadata>({ path, headers });
      return metadata.uid;
    } catch (error) {
      const reason = AppError.from(error);
      if (reason.code === 'SP-FORBIDDEN') return this.#list(pod);
      if (reason.code === 'SP-TARGET-NOT-FOUND')
        throw new AppError('SP-POD-DELETED', { pod: pod.name }, reason);
      throw reason;
    }
  }

  /** A list is another right than get: users who only list and watch are common. */
  async #list(pod: PodIdentity): Promise<string | undefined> {
    const query = new URLSearchParams({ fieldSelector: `metadata.name=${pod.name}` });
    try {
      const path = `${podsPath(pod)}?${query}`;
      const headers = metadataOnly('PartialObjectMetadataList');
      const { items } = await this.#api.request<MetadataList>({ path, headers });
      const [found] = items ?? [];
      if (!found) throw new AppError('SP-POD-DELETED', { pod: pod.name });
      return found.metadata.uid;
    } catch (error) {
      const reason = AppError.from(error);
      if (reason.code === 'SP-FORBIDDEN') return undefined;
      throw reason;
    }
  }
}

function podsPath({ namespace }: PodIdentity): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
}
