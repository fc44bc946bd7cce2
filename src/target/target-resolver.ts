import type { Log } from '../base/log.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { WatchLease } from '../kube/watch-names.ts';
import type { WatchRegistry } from '../kube/watch-registry.ts';
import type { Kind, Kinds } from '../kube/watch-resources.ts';
import type { Answer, Look, Question, Seen } from './look.ts';
import { resolveOrdinal, resolvePod } from './resolve-named-pod.ts';
import {
  resolveDeployment,
  resolveReplicaSet,
  resolveSelector,
  resolveStatefulSet,
} from './resolve-pod-set.ts';
import { resolveService } from './resolve-service.ts';
import { type RemotePort, type Target, targetText } from './target.ts';

interface FollowOptions {
  readonly target: Target;
  readonly namespace: string;
  readonly port: RemotePort;
}

/** A target that is followed until disposed. */
export interface TargetFollow extends AsyncDisposable {
  /** Asks the cluster again at once: something else has seen that the pod is gone. */
  refresh(): void;
  /** Turns to the next pod of the target where this is the one it points at. True: it points at another one. */
  avoid(podUid: string): boolean;
}

export interface TargetResolver {
  /**
   * Calls back, never before it returns, with what the target points at as soon as that can be known, and then with each change.
   */
  follow(options: FollowOptions, onChange: (resolution: Resolution) => void): TargetFollow;
}

export interface TargetResolverOptions {
  readonly caches: Pick<WatchRegistry, 'open'>;
  readonly log: Log;
}

export function createTargetResolver(options: TargetResolverOptions): TargetResolver {
  return { follow: (what, onChange) => new Follow(options, what, onChange) };
}

class Follow implements TargetFollow {
  readonly #log: Log;
  readonly #what: FollowOptions;
  readonly #onChange: (resolution: Resolution) => void;
  readonly #sight: Sight;
  #held: PodIdentity | undefined;
  /** What was told last, as JSON. */
  #told = '';
  #closed = false;

  constructor(
    { caches, log }: TargetResolverOptions,
    what: FollowOptions,
    onChange: (resolution: Resolution) => void,
  ) {
    this.#log = log;
    this.#what = what;
    this.#onChange = onChange;
    this.#sight = new Sight(caches, what.namespace, () => this.#resolve());
    queueMicrotask(() => this.#resolve());
  }

  refresh(): void {
    this.#sight.refresh();
  }

  avoid(podUid: string): boolean {
    if (this.#held?.uid === podUid) this.#resolve(podUid);
    return this.#held !== undefined && this.#held.uid !== podUid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#sight[Symbol.dispose]();
  }

  #resolve(after?: string): void {
    if (this.#closed) return;
    const { target, namespace, port } = this.#what;
    const question = { namespace, port, target: targetText(target), held: this.#held, after };
    const answer = this.#sight.look((look) => resolve(look, target, question));
    if (answer === 'pending') return;
    const resolution: Resolution = this.#sight.isPolled ? { ...answer, polled: true } : answer;
    const told = JSON.stringify(resolution);
    if (told === this.#told) return;
    this.#told = told;
    if (answer.kind === 'pod') this.#held = answer.pod;
    const { kind } = answer;
    const fields = kind === 'pod' ? { pod: answer.pod.name, uid: answer.pod.uid } : answer.reason;
    this.#log.debug('target resolved', { target: question.target, namespace, kind, ...fields });
    this.#onChange(resolution);
  }
}

function resolve(look: Look, target: Target, question: Question): Answer {
  switch (target.kind) {
    case 'pod':
      return resolvePod(look, target.name, question);
    case 'statefulset':
      return target.ordinal === undefined
        ? resolveStatefulSet(look, target.name, question)
        : resolveOrdinal(look, target.name, target.ordinal, question);
    case 'service':
      return resolveService(look, target.name, question);
    case 'deployment':
      return resolveDeployment(look, target.name, question);
    case 'replicaset':
      return resolveReplicaSet(look, target.name, question);
    case 'selector':
      return resolveSelector(look, target.selector, question);
  }
}

type AnyLease = WatchLease<Kinds[Kind]>;

/** Holds a lease on what the last look has touched, and no longer. */
class Sight implements Disposable {
  readonly #caches: Pick<WatchRegistry, 'open'>;
  readonly #namespace: string;
  readonly #changed: () => void;
  readonly #leases = new Map<string, AnyLease>();
  readonly #touched = new Set<string>();

  constructor(caches: Pick<WatchRegistry, 'open'>, namespace: string, changed: () => void) {
    this.#caches = caches;
    this.#namespace = namespace;
    this.#changed = changed;
  }

  /** Whether something of it is read at an interval, because it may not be watched. */
  get isPolled(): boolean {
    return [...this.#leases.values()].some(({ state }) => state.mode === 'poll');
  }

  look(rule: (look: Look) => Answer): Answer {
    this.#touched.clear();
    const answer = rule({
      one: (kind, name) => this.#see(kind, { name }, (objects) => objects.get(name)),
      all: (kind, labelSelector) => this.#see(kind, { labelSelector }, (objects) => [...objects.values()]),
    });
    for (const [key, lease] of this.#leases) {
      if (this.#touched.has(key)) continue;
      this.#leases.delete(key);
      lease[Symbol.dispose]();
    }
    return answer;
  }

  refresh(): void {
    for (const lease of this.#leases.values()) lease.refresh();
  }

  [Symbol.dispose](): void {
    for (const lease of this.#leases.values()) lease[Symbol.dispose]();
    this.#leases.clear();
  }

  #see<K extends Kind, T>(
    kind: K,
    scope: { readonly name: string } | { readonly labelSelector: string },
    read: (objects: ReadonlyMap<string, Kinds[K]>) => T,
  ): Seen<T> {
    const key = JSON.stringify([kind, scope]);
    this.#touched.add(key);
    let lease = this.#leases.get(key) as WatchLease<Kinds[K]> | undefined;
    if (!lease) {
      lease = this.#caches.open(kind, this.#namespace, scope);
      lease.onChange(this.#changed);
      this.#leases.set(key, lease as AnyLease);
    }
    const { synced, objects, trouble } = lease.state;
    if (synced) return { kind: 'known', value: read(objects) };
    return trouble ? { kind: 'failed', error: trouble } : { kind: 'pending' };
  }
}
