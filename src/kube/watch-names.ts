import { Listeners } from '../base/listeners.ts';
import type { WatchScope } from './scope-reader.ts';
import type { KubeObject } from './types.ts';
import type { WatchState } from './watch-cache.ts';

/** One user's hold on what is watched. Disposing lets go of it. */
export interface WatchLease<T> extends Disposable {
  readonly state: WatchState<T>;
  onChange(listener: () => void): () => void;
  refresh(): void;
}

/** Up to so many objects of a kind in a namespace have a watch each; more share one of the namespace. */
export const maxOwnWatches = 8;

/**
 * The objects of one kind in one namespace that are followed by name. While they are few each has a watch of its own, which begins with
 * one GET and brings nothing else of the namespace. Many watches would each hold a connection: then one of the namespace serves
 * all, where the user may list it.
 */
export class NamedWatches<T extends KubeObject> {
  readonly #open: (scope: WatchScope) => WatchLease<T>;
  readonly #leases = new Set<NamedLease<T>>();
  #shared: WatchLease<T> | undefined;
  #sharing: 'no' | 'asked' | 'yes' | 'refused' = 'no';

  constructor(open: (scope: WatchScope) => WatchLease<T>) {
    this.#open = open;
  }

  open(name: string): WatchLease<T> {
    const source = this.#sharing === 'yes' && this.#shared ? this.#shared : this.#open({ name });
    const lease = new NamedLease(name, { source, isOwn: source !== this.#shared }, () => this.#left(lease));
    this.#leases.add(lease);
    if (this.#sharing === 'no' && this.#names > maxOwnWatches) this.#askToShare();
    return lease;
  }

  get #names(): number {
    return new Set([...this.#leases].map(({ name }) => name)).size;
  }

  #askToShare(): void {
    const shared = this.#open({});
    this.#shared = shared;
    this.#sharing = 'asked';
    const answered = () => {
      if (this.#sharing !== 'asked' || this.#shared !== shared) return;
      const { synced, trouble } = shared.state;
      if (synced) {
        this.#sharing = 'yes';
        for (const lease of this.#leases) lease.moveTo(shared);
      } else if (trouble?.code === 'SP-FORBIDDEN' || trouble?.code === 'SP-API-ERROR') {
        // Not allowed, or more objects than a cache holds: each keeps its own watch.
        this.#unshare('refused');
      }
    };
    shared.onChange(answered);
    answered();
  }

  #left(lease: NamedLease<T>): void {
    this.#leases.delete(lease);
    if (this.#leases.size === 0) this.#unshare('no');
  }

  #unshare(sharing: 'no' | 'refused'): void {
    this.#sharing = sharing;
    this.#shared?.[Symbol.dispose]();
    this.#shared = undefined;
  }
}

interface Source<T> {
  readonly source: WatchLease<T>;
  /** This lease alone holds it, and lets go of it. */
  readonly isOwn: boolean;
}

/** One object by name, whichever watch brings it. */
class NamedLease<T extends KubeObject> implements WatchLease<T> {
  readonly name: string;
  readonly #left: () => void;
  readonly #changed = new Listeners<void>();
  #from: Source<T>;
  #stop: () => void;
  #seen: WatchState<T>;
  #isHeld = true;

  constructor(name: string, from: Source<T>, left: () => void) {
    this.name = name;
    this.#from = from;
    this.#left = left;
    this.#seen = this.#look();
    this.#stop = from.source.onChange(() => this.#tell());
  }

  get state(): WatchState<T> {
    return this.#look();
  }

  onChange(listener: () => void): () => void {
    return this.#changed.add(listener);
  }

  refresh(): void {
    this.#from.source.refresh();
  }

  /** From now on another watch brings the object. */
  moveTo(source: WatchLease<T>): void {
    this.#letGo();
    this.#from = { source, isOwn: false };
    this.#stop = source.onChange(() => this.#tell());
    this.#tell();
  }

  [Symbol.dispose](): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#letGo();
    this.#left();
  }

  #letGo(): void {
    this.#stop();
    if (this.#from.isOwn) this.#from.source[Symbol.dispose]();
  }

  #look(): WatchState<T> {
    const { state } = this.#from.source;
    if (this.#from.isOwn) return state;
    const object = state.objects.get(this.name);
    return { ...state, objects: new Map(object && [[this.name, object]]) };
  }

  /** Passes on what concerns this object: a namespace changes all the time. */
  #tell(): void {
    const now = this.#look();
    const before = this.#seen;
    this.#seen = { ...now, objects: new Map(now.objects) };
    const isSame =
      now.synced === before.synced &&
      now.mode === before.mode &&
      now.trouble === before.trouble &&
      now.objects.get(this.name) === before.objects.get(this.name);
    if (!isSame && this.#isHeld) this.#changed.emit();
  }
}
