import type { Clock } from '../base/clock.ts';
import type { StartContainer } from './container.ts';
import type { Pod } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import { PodNetworks } from './pod-network.ts';
import { PodRunner } from './pod-runner.ts';

export interface KubeletOptions {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly nodeName: string;
  /** Starters by the image's name without registry and tag. */
  readonly images: Readonly<Record<string, StartContainer>>;
}

const defaultGraceSeconds = 30;

/** The one node: runs every pod bound to it, and ends those that are deleted. Driven by the store's changes alone. */
export class Kubelet implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #nodeName: string;
  readonly #images: KubeletOptions['images'];
  readonly #networks = new PodNetworks();
  /** By UID: a name may already belong to the next pod. */
  readonly #runners = new Map<string, PodRunner>();
  readonly #ending = new Set<string>();
  readonly #work = new Set<Promise<void>>();
  #unsubscribe = () => {};
  #disposed = false;

  constructor({ store, clock, nodeName, images }: KubeletOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#nodeName = nodeName;
    this.#images = images;
  }

  start(): void {
    this.#unsubscribe = this.#store.onChange((plural, object) => {
      if (plural === 'pods') this.#reconcile(object as Pod);
    });
    for (const pod of this.#store.list('pods').items) this.#reconcile(pod);
  }

  /** The runner of the pod that has this name now, undefined where the node runs none. */
  find(namespace: string, name: string): PodRunner | undefined {
    const uid = this.#store.get('pods', namespace, name)?.metadata.uid;
    return uid === undefined ? undefined : this.#runners.get(uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#unsubscribe();
    await Promise.all([...this.#runners.values()].map((runner) => runner[Symbol.asyncDispose]()));
    await Promise.all(this.#work);
  }

  #reconcile(pod: Pod): void {
    const { uid, namespace = '', name, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
    if (this.#disposed || pod.spec.nodeName !== this.#nodeName) return;
    // A change seen late may be of a pod that has gone since.
    const current = this.#store.get('pods', namespace, name)?.metadata.uid === uid;
    if (deletionTimestamp !== undefined || !current) {
      const graceSeconds = current
        ? (deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds)
        : 0;
      this.#end(pod, graceSeconds * 1_000);
    } else if (!this.#runners.has(uid) && !this.#ending.has(uid)) {
      this.#run(pod);
    } else {
      this.#runners.get(uid)?.reconsiderReadiness(pod);
    }
  }

  #run(pod: Pod): void {
    const { uid } = pod.metadata;
    const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
    this.#track(
      this.#networks.assign(ports.map(({ containerPort }) => containerPort)).then((network) => {
        if (this.#disposed || this.#ending.has(uid) || this.#runners.has(uid)) return;
        const runner = new PodRunner({
          pod,
          store: this.#store,
          clock: this.#clock,
          network,
          starterFor: (image) => this.#images[imageName(image)],
        });
        this.#runners.set(uid, runner);
        runner.start();
      }),
    );
  }

  #end(pod: Pod, graceMs: number): void {
    const { uid, namespace = '', name } = pod.metadata;
    if (this.#ending.has(uid)) return;
    this.#ending.add(uid);
    const runner = this.#runners.get(uid);
    const ended = runner?.terminate(graceMs) ?? Promise.resolve();
    this.#track(
      ended.then(() => {
        this.#runners.delete(uid);
        this.#store.remove('pods', { namespace, name, uid });
      }),
    );
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#work.delete(tracked));
    this.#work.add(tracked);
  }
}

/** docker.io/library/postgres:18 is postgres. */
const imageName = (image: string) => (image.split('/').at(-1) ?? '').split(/[:@]/)[0] ?? '';
