import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { Following, OpenStream, PodLink, PodStream, Upstream } from '../tunnel/upstream.ts';
import type { ClusterLease } from './cluster-pool.ts';

/** Between attempts at a cluster that cannot even be named, as with a damaged kubeconfig; somebody who waits asks at once. */
const leaseAgainMs = 30_000;

export interface GatedUpstreamOptions {
  readonly clock: Clock;
  /** Reads kubeconfig and credentials: called only while the gate is open. */
  readonly lease: () => Promise<ClusterLease>;
  readonly upstreamOf: (lease: ClusterLease) => Upstream;
  /** What to do when the tunnel should try at once. */
  readonly onRetry: () => void;
  readonly onLease: (lease: ClusterLease | undefined) => void;
}

/** Why the gate is shut: something has to be done first, or nobody needs the cluster now, or may have it until the next client asks. */
export type Shut =
  | { readonly kind: 'blocked'; readonly error: ErrorData }
  | { readonly kind: 'asleep'; readonly reason?: ErrorData }
  /** Somebody else is asked first. */
  | { readonly kind: 'approving'; readonly sinceMs: number }
  /** Its opening is not on record yet. */
  | { readonly kind: 'recording'; readonly sinceMs: number };

const asleep: Resolution = {
  kind: 'none',
  reason: { code: 'SP-TARGET-NO-PODS', details: { target: 'an idle tunnel' } },
};

/**
 * The cluster as a tunnel sees it, behind a gate: while that is shut the tunnel's port is bound and its clients wait, but neither cluster
 * nor credentials are touched, and whatever was open is let go of.
 */
export class GatedUpstream implements Upstream {
  readonly #options: GatedUpstreamOptions;
  #shut: Shut | undefined;
  #onChange: ((resolution: Resolution | undefined) => void) | undefined;
  #onAsking: ((isAsking: boolean) => void) | undefined;
  #inner: Inner | undefined;
  #again: Timer | undefined;
  /** Counts openings: what a lease brings that nobody waits for any more is given back. */
  #generation = 0;
  readonly #links = new Set<GatedLink>();
  readonly #closing = new Set<Promise<void>>();

  constructor(options: GatedUpstreamOptions, shut: Shut | undefined) {
    this.#options = options;
    this.#shut = shut;
  }

  get shut(): Shut | undefined {
    return this.#shut;
  }

  setShut(shut: Shut | undefined): void {
    if (!this.#shut && !shut) return;
    this.#shut = shut;
    if (!this.#onChange) return;
    // Why it was shut must not be taken for the cluster's answer, which is still to come.
    if (!shut) this.#onChange(undefined);
    this.#apply();
  }

  /** Asks the cluster from the beginning, whatever it has refused before. */
  askAnew(): void {
    if (this.#shut || !this.#onChange) return;
    this.#onChange(undefined);
    this.#close();
    void this.#open();
  }

  /** As of what it follows; false while it follows nothing. */
  avoid(podUid: string): boolean {
    return this.#inner?.following.avoid(podUid) ?? false;
  }

  follow(
    onChange: (resolution: Resolution | undefined) => void,
    onAsking: (isAsking: boolean) => void,
  ): Following {
    this.#onChange = onChange;
    this.#onAsking = onAsking;
    // Never before it returns, as the tunnel expects of whom it follows.
    queueMicrotask(() => {
      if (this.#onChange === onChange) this.#apply();
    });
    return {
      refresh: () => (this.#inner ? this.#inner.following.refresh() : this.#apply()),
      avoid: (podUid) => this.avoid(podUid),
      [Symbol.asyncDispose]: async () => {
        this.#onChange = undefined;
        this.#onAsking = undefined;
        this.#close();
        await Promise.all(this.#closing);
      },
    };
  }

  link(pod: PodIdentity): PodLink {
    const link = new GatedLink(
      pod,
      () => this.#inner?.upstream.link(pod),
      () => this.#links.delete(link),
    );
    this.#links.add(link);
    return link;
  }

  #apply(): void {
    const shut = this.#shut;
    if (!shut) return void this.#open();
    // First where nothing is to be had, so that the lost links are not dialled again.
    this.#onChange?.(shut.kind === 'blocked' ? { kind: 'none', reason: shut.error } : asleep);
    this.#close();
  }

  async #open(): Promise<void> {
    if (this.#inner) return;
    const generation = ++this.#generation;
    this.#again?.cancel();
    const isStale = () => generation !== this.#generation || !this.#onChange || this.#shut !== undefined;
    try {
      const lease = await this.#options.lease();
      if (isStale()) return lease[Symbol.dispose]();
      const upstream = this.#options.upstreamOf(lease);
      const following = upstream.follow(
        (resolution) => {
          if (!isStale()) this.#onChange?.(resolution);
        },
        (isAsking) => {
          if (!isStale()) this.#onAsking?.(isAsking);
        },
      );
      const ends = [
        lease.engine.onRetry(this.#options.onRetry),
        lease.onMoved(() => {
          this.#close();
          void this.#open();
        }),
      ];
      this.#inner = { lease, upstream, following, ends };
      this.#options.onLease(lease);
    } catch (thrown) {
      if (isStale()) return;
      this.#onChange?.({ kind: 'none', reason: AppError.from(thrown).toData() });
      this.#again = this.#options.clock.after(leaseAgainMs, () => void this.#open());
    }
  }

  #close(): void {
    this.#generation++;
    this.#again?.cancel();
    const inner = this.#inner;
    if (!inner) return;
    this.#inner = undefined;
    this.#options.onLease(undefined);
    this.#onAsking?.(false);
    for (const end of inner.ends) end();
    const parts = [...this.#links].map((link) => link.letGo());
    const closing: Promise<void> = Promise.allSettled([inner.following[Symbol.asyncDispose](), ...parts])
      .then(() => inner.lease[Symbol.dispose]())
      .finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

interface Inner {
  readonly lease: ClusterLease;
  readonly upstream: Upstream;
  readonly following: Following;
  readonly ends: readonly (() => unknown)[];
}

/** A link that can lose what is behind it and have it again. */
class GatedLink implements PodLink {
  readonly pod: PodIdentity;
  readonly #connect: () => PodLink | undefined;
  readonly #gone: () => void;
  readonly #listeners = new Set<(error: Error) => void>();
  #inner: PodLink | undefined;

  constructor(pod: PodIdentity, connect: () => PodLink | undefined, gone: () => void) {
    this.pod = pod;
    this.#connect = connect;
    this.#gone = gone;
  }

  warm(signal: AbortSignal): Promise<void> {
    this.#inner ??= this.#connected();
    return this.#inner?.warm(signal) ?? Promise.reject(shutError(this.pod));
  }

  open(options: OpenStream): Promise<PodStream> {
    return this.#inner?.open(options) ?? Promise.reject(shutError(this.pod));
  }

  onLost(listener: (error: Error) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The gate shuts, or what is behind it has changed. */
  async letGo(): Promise<void> {
    const inner = this.#inner;
    this.#inner = undefined;
    if (!inner) return;
    this.#tellLost(shutError(this.pod));
    await inner[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone();
    await this.#inner?.[Symbol.asyncDispose]();
  }

  #connected(): PodLink | undefined {
    const inner = this.#connect();
    inner?.onLost((error) => {
      if (inner === this.#inner) this.#tellLost(error);
    });
    return inner;
  }

  #tellLost(error: Error): void {
    for (const listener of [...this.#listeners]) listener(error);
  }
}

function shutError({ name }: PodIdentity): AppError {
  return new AppError('SP-SESSION-LOST', { pod: name, message: 'it was let go of' });
}
