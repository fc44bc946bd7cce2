import { reconcileDeployment } from './deployment-controller.ts';
import { reconcileEndpointSlices } from './endpointslice-controller.ts';
import type { KubeObject, Plural } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { endPod } from './owned-pods.ts';
import { reconcileStatefulSet } from './statefulset-controller.ts';

const watched: readonly Plural[] = ['pods', 'services', 'statefulsets', 'deployments'];

/**
 * Reconciles a namespace whenever something in it changes, once for all changes of one turn. Each reconciliation looks at the store
 * as it is, so that it does not matter which change caused it.
 */
export class Controllers {
  readonly #store: ObjectStore;
  readonly #due = new Set<string>();
  #unsubscribe = () => {};

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  start(): void {
    this.#unsubscribe = this.#store.onChange((plural, { metadata }) => {
      if (watched.includes(plural)) this.#schedule(metadata.namespace ?? '');
    });
    for (const plural of watched) {
      for (const { metadata } of this.#store.list(plural).items) this.#schedule(metadata.namespace ?? '');
    }
  }

  stop(): void {
    this.#unsubscribe();
    this.#unsubscribe = () => {};
    this.#due.clear();
  }

  #schedule(namespace: string): void {
    if (this.#due.has(namespace)) return;
    this.#due.add(namespace);
    queueMicrotask(() => {
      if (this.#due.delete(namespace)) this.#reconcile(namespace);
    });
  }

  #reconcile(namespace: string): void {
    const store = this.#store;
    for (const set of store.list('statefulsets', { namespace }).items) reconcileStatefulSet(store, set);
    for (const deployment of store.list('deployments', { namespace }).items)
      reconcileDeployment(store, deployment);
    this.#endOrphans(namespace);
    for (const service of store.list('services', { namespace }).items)
      reconcileEndpointSlices(store, service);
  }

  /** What belongs to an object that has gone, goes. */
  #endOrphans(namespace: string): void {
    const store = this.#store;
    const owners = new Set(
      (['statefulsets', 'deployments', 'services'] as const).flatMap((plural) =>
        store.list(plural, { namespace }).items.map(({ metadata }) => metadata.uid),
      ),
    );
    const isOrphan = ({ metadata }: KubeObject) =>
      metadata.ownerReferences?.some(({ controller, uid }) => controller && !owners.has(uid)) ?? false;
    for (const pod of store.list('pods', { namespace, matches: isOrphan }).items) endPod(store, pod);
    for (const { metadata } of store.list('endpointslices', { namespace, matches: isOrphan }).items) {
      store.remove('endpointslices', { namespace, name: metadata.name });
    }
  }
}
