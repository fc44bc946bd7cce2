import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import {
  apiVersionOf,
  type KubeObject,
  type Manifest,
  type Objects,
  type Plural,
  resourceTypes,
} from './kube-object.ts';
import type { Matcher } from './selectors.ts';
import { alreadyExists, conflict, expired, notFound } from './status-error.ts';

/** One change, as the store remembers it. `before` is what watches with a selector need. */
interface Change {
  readonly version: number;
  readonly plural: Plural;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

export interface Selection {
  /** undefined: every namespace. */
  readonly namespace?: string | undefined;
  readonly matches?: Matcher | undefined;
}

export interface ListResult<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** Changes kept for watches that resume. What is older answers 410. */
const historyLimit = 1_000;

/**
 * All objects, with one resource version counting every change, as etcd has it. Objects in it are never changed in place: an update
 * puts a new object there. Subscribers are called in the order of changes.
 */
export class ObjectStore {
  readonly #clock: Clock;
  readonly #objects = new Map<string, KubeObject>();
  readonly #changes = new Listeners<Change>();
  /** Committed, not yet told. */
  readonly #queue: Change[] = [];
  #emitting = false;
  #history: Change[] = [];
  /** Versions at or below this cannot be resumed from. */
  #compactedVersion = 0;
  #version = 100;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get resourceVersion(): string {
    return String(this.#version);
  }

  get<K extends Plural>(plural: K, namespace: string, name: string): Objects[K] | undefined {
    return this.#objects.get(keyOf(plural, namespace, name)) as Objects[K] | undefined;
  }

  list<K extends Plural>(plural: K, selection: Selection = {}): ListResult<Objects[K]> {
    const items = [...this.#objects]
      .filter(([key, object]) => key.startsWith(`${plural}/`) && selects(selection, object))
      .map(([, object]) => object as Objects[K])
      .sort((a, b) => (keyOfMeta(a) < keyOfMeta(b) ? -1 : 1));
    return { items, resourceVersion: this.resourceVersion };
  }

  /** Adds an object. Throws a 409 Status where one of that name exists. */
  create<K extends Plural>(plural: K, manifest: Manifest): Objects[K] {
    const type = resourceTypes[plural];
    const { name, namespace = 'default' } = manifest.metadata;
    if (this.get(plural, namespace, name)) throw alreadyExists(plural, name, type.group);
    const object = {
      ...structuredClone(manifest),
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: {
        ...structuredClone(manifest.metadata),
        name,
        ...(type.namespaced ? { namespace } : {}),
        uid: randomUUID(),
        resourceVersion: '',
        creationTimestamp: this.timestamp(),
        generation: 1,
      },
    } as unknown as Objects[K];
    return this.#commit(plural, undefined, object);
  }

  /**
   * Changes a copy of an object and stores it; nothing happens where the copy comes out equal. Throws a 404 Status where the
   * object is absent, and a 409 where its resourceVersion was set to one that is not its current.
   */
  update<K extends Plural>(
    plural: K,
    { namespace, name }: { namespace: string; name: string },
    change: (draft: Objects[K]) => void,
  ): Objects[K] {
    const before = this.get(plural, namespace, name);
    if (!before) throw notFound(plural, name, resourceTypes[plural].group);
    const after = structuredClone(before);
    change(after);
    if (after.metadata.resourceVersion !== before.metadata.resourceVersion) {
      throw conflict(
        plural,
        name,
        'the object has been modified; please apply your changes to the latest version',
      );
    }
    if (JSON.stringify(after) === JSON.stringify(before)) return before;
    if ('spec' in after && JSON.stringify(after.spec) !== JSON.stringify((before as typeof after).spec)) {
      after.metadata.generation = (before.metadata.generation ?? 1) + 1;
    }
    return this.#commit(plural, before, after);
  }

  /** Removes an object; false where there was none. With `uid`, only if it is still that object. */
  remove(
    plural: Plural,
    { namespace, name, uid }: { namespace: string; name: string; uid?: string },
  ): boolean {
    const before = this.get(plural, namespace, name);
    if (!before || (uid !== undefined && before.metadata.uid !== uid)) return false;
    this.#commit(plural, before, undefined);
    return true;
  }

  /**
   * Calls back for every change after `sinceVersion` (those in history at once, before this returns) until the returned function is
   * called. Throws a 410 Status where history does not reach back that far.
   */
  watch(
    plural: Plural,
    options: Selection & { readonly sinceVersion: number; readonly onEvent: (event: WatchEvent) => void },
  ): () => void {
    if (options.sinceVersion < this.#compactedVersion) {
      throw expired(options.sinceVersion, this.#compactedVersion);
    }
    let toldVersion = options.sinceVersion;
    const tell = (change: Change) => {
      if (change.plural !== plural || change.version <= toldVersion) return;
      toldVersion = change.version;
      const event = asSeenBy(options, change);
      if (event) options.onEvent(event);
    };
    for (const change of this.#history) tell(change);
    return this.#changes.add(tell);
  }

  /** Calls back with the plural of everything that changes; what controllers reconcile on. */
  onChange(listener: (plural: Plural, object: KubeObject) => void): () => void {
    return this.#changes.add(({ plural, before, after }) => listener(plural, (after ?? before)!));
  }

  /** Forgets history, as etcd's compaction does: a watch can resume from the present version only. */
  compact(): void {
    this.#history = [];
    this.#compactedVersion = this.#version;
  }

  /** The present as Kubernetes writes times: RFC 3339 in whole seconds. */
  timestamp(offsetMs = 0): string {
    return new Date(this.#clock.wallMs() + offsetMs).toISOString().replace(/\.\d+Z$/, 'Z');
  }

  #commit<T extends KubeObject>(plural: Plural, before: T | undefined, after: T): T;
  #commit<T extends KubeObject>(plural: Plural, before: T, after: undefined): undefined;
  #commit(plural: Plural, before: KubeObject | undefined, after: KubeObject | undefined) {
    const version = ++this.#version;
    const metadata = (after ?? before)!.metadata;
    const key = keyOf(plural, metadata.namespace ?? '', metadata.name);
    if (after) {
      after.metadata.resourceVersion = String(version);
      this.#objects.set(key, after);
    } else {
      this.#objects.delete(key);
      // The object in a DELETED event carries the version of the deletion.
      before = { ...before!, metadata: { ...before!.metadata, resourceVersion: String(version) } };
    }
    const change: Change = { version, plural, before, after };
    this.#history.push(change);
    if (this.#history.length > historyLimit) this.#compactedVersion = this.#history.shift()!.version;
    this.#queue.push(change);
    this.#emitQueued();
    return after;
  }

  /** A listener may change objects: what it changes is told after the change it is being told of, so that all see one order. */
  #emitQueued(): void {
    if (this.#emitting) return;
    this.#emitting = true;
    for (let change = this.#queue.shift(); change; change = this.#queue.shift()) this.#changes.emit(change);
    this.#emitting = false;
  }
}

/** A change as a watch with this selection sees it: leaving the selection is a deletion, entering it an addition. */
function asSeenBy(selection: Selection, { before, after }: Change): WatchEvent | undefined {
  const saw = before !== undefined && selects(selection, before);
  const sees = after !== undefined && selects(selection, after);
  if (sees) return { type: saw ? 'MODIFIED' : 'ADDED', object: after };
  if (saw) return { type: 'DELETED', object: after ?? before };
  return undefined;
}

function selects({ namespace, matches }: Selection, object: KubeObject): boolean {
  return (
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (matches === undefined || matches(object))
  );
}

const keyOf = (plural: Plural, namespace: string, name: string) =>
  resourceTypes[plural].namespaced ? `${plural}/${namespace}/${name}` : `${plural}//${name}`;

const keyOfMeta = ({ metadata }: KubeObject) => `${metadata.namespace ?? ''}/${metadata.name}`;
