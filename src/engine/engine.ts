import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log } from '../base/log.ts';
import type { ErrorCode } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import { type AccessReport, reviewAccess } from '../kube/access-review.ts';
import type { AccessRule } from '../kube/access-review-role.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import { WatchRegistry } from '../kube/watch-registry.ts';
import type { RemotePort, Target } from '../target/target.ts';
import { createTargetResolver, type TargetFollow, type TargetResolver } from '../target/target-resolver.ts';
import { type CarrierChoice, SessionDialer, type SessionEvent } from '../transport/session-dialer.ts';
import { SessionPool } from '../transport/session-pool.ts';
import { UidCheck } from '../transport/uid-check.ts';
import type { PodLink, Upstream } from '../tunnel/upstream.ts';
import { AccessReviews } from './access-reviews.ts';
import { accessQuestion, Preflight } from './preflight.ts';
import { onWake } from './wake.ts';

export interface EngineOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly carrier: CarrierChoice;
  /** Called when a watch breaks off, which is then opened anew. */
  readonly onWatchBreak?: (() => void) | undefined;
  /** Told of each session with its Audit-ID. */
  readonly onSession?: ((event: SessionEvent) => void) | undefined;
}

/** What is followed: a port of what a target points at. */
export interface FollowSpec {
  readonly target: Target;
  readonly namespace: string;
  readonly port: RemotePort;
  /** Told of each answer to where the target points, before the tunnel is. */
  readonly onResolution?: (resolution: Resolution) => void;
}

export interface ReviewSpec {
  readonly target: Target;
  readonly namespace: string;
  /** What it points at, where that is known. */
  readonly pod: string | undefined;
  /** What else it takes, as reading the Secret with its password. */
  readonly besides: readonly AccessRule[];
}

type PodResolution = Extract<Resolution, { kind: 'pod' }>;

/** A session that ended so has seen what the watch may not have: the pod is another, or gone. */
const provesOldView: readonly ErrorCode[] = ['SP-SANDBOX-GONE', 'SP-POD-REPLACED', 'SP-POD-DELETED'];

/**
 * What tunnels reach one cluster by, as one user: watches, credentials and sessions are shared by all of them. It knows no tunnel: who makes one
 * gives it an `upstream` and follows onRetry while it lasts, and stops it before the engine ends.
 */
export class Engine implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #caches: WatchRegistry;
  readonly #api: KubeApi;
  readonly #resolver: TargetResolver;
  readonly #dialer: SessionDialer;
  readonly #pool: SessionPool;
  readonly #reviews: AccessReviews;
  readonly #retries = new Listeners<void>();
  readonly #wake: Disposable;
  readonly #forgetApi: () => void;

  constructor({ api, clock, log, carrier, onWatchBreak, onSession }: EngineOptions) {
    this.#reviews = new AccessReviews(api, clock);
    this.#api = api;
    this.#clock = clock;
    this.#log = log;
    this.#caches = new WatchRegistry({ api, clock, log, onBreak: onWatchBreak });
    api.preconnect();
    this.#resolver = createTargetResolver({ caches: this.#caches, log });
    this.#dialer = new SessionDialer({ api, uidCheck: new UidCheck(api), clock, log, carrier, onSession });
    this.#pool = new SessionPool({ clock, dial: (pod, signal) => this.#dialer.dial(pod, signal) });
    this.#wake = onWake(clock, () => {
      log.info('woke from sleep');
      this.#pool.probe();
      this.retryNow();
    });
    this.#forgetApi = api.onChange((change) => {
      log.info('the kubeconfig or what it names has changed', { change });
      if (change === 'replaced') this.#startOver();
      this.retryNow();
    });
  }

  /** The first pod that the target points at; waits for one. Rejects with the signal's reason. */
  firstPod(spec: FollowSpec, signal: AbortSignal): Promise<PodResolution> {
    return this.#until(spec, (resolution) => resolution.kind === 'pod', signal) as Promise<PodResolution>;
  }

  /** The first answer to where a target points. Rejects with the signal's reason. */
  resolveOnce(spec: FollowSpec, signal: AbortSignal): Promise<Resolution> {
    return this.#until(spec, () => true, signal);
  }

  /** What the user may do with a target, asked of the API server. */
  review({ besides, ...asked }: ReviewSpec, signal: AbortSignal): Promise<AccessReport> {
    const { carriersInUse: carriers } = this.#dialer;
    return reviewAccess(this.#api, { ...accessQuestion({ ...asked, carriers }), besides, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wake[Symbol.dispose]();
    this.#forgetApi();
    const ended = await Promise.allSettled([
      this.#pool[Symbol.asyncDispose](),
      this.#caches[Symbol.asyncDispose](),
    ]);
    const failures = ended.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'the engine did not end cleanly');
  }

  /** What is known and open belongs to another cluster, or to another user, who may do more. Connections end by themselves. */
  #startOver(): void {
    this.#reviews.forget();
    this.#caches.reset();
    this.#pool.retire(
      new AppError('SP-SESSION-LOST', { message: 'the kubeconfig names another user or API server' }),
    );
  }

  /** Called when whatever rests should be tried at once: after a wake, a change of the kubeconfig, or by retryNow. Returns what ends it. */
  onRetry(listener: () => void): () => void {
    return this.#retries.add(listener);
  }

  /** A person, or somebody who knows more of the machine than this engine, asks to try at once. */
  retryNow(): void {
    this.#caches.refresh();
    this.#retries.emit();
  }

  /** What one tunnel reaches the cluster by. */
  upstream({ target, namespace, port, onResolution }: FollowSpec): Upstream {
    const preflight = new Preflight({
      reviews: this.#reviews,
      clock: this.#clock,
      log: this.#log,
      target,
      namespace,
      carriers: () => this.#dialer.carriersInUse,
    });
    let follow: TargetFollow | undefined;
    return {
      follow: (onChange, onAsking) => {
        let newest: Resolution | undefined;
        const tell = (resolution: Resolution) => {
          onResolution?.(resolution);
          onChange(resolution);
        };
        follow = this.#resolver.follow({ target, namespace, port }, (resolution) => {
          newest = resolution;
          if (resolution.kind === 'pod' || resolution.reason.code !== 'SP-FORBIDDEN') return tell(resolution);
          const { code, details } = resolution.reason;
          void preflight.explain(new AppError(code, details)).then((reason) => {
            if (newest === resolution) tell({ kind: 'none', reason: reason.toData() });
          });
        });
        const following = follow;
        const forgetAsking = this.#api.onAsking(onAsking);
        return {
          refresh: () => following.refresh(),
          avoid: (podUid) => following.avoid(podUid),
          async [Symbol.asyncDispose]() {
            newest = undefined;
            forgetAsking();
            preflight[Symbol.dispose]();
            await following[Symbol.asyncDispose]();
          },
        };
      },
      link: (pod) => this.#link(pod, { preflight, lookAgain: () => follow?.refresh() }),
    };
  }

  #until(
    spec: FollowSpec,
    isAnswer: (resolution: Resolution) => boolean,
    signal: AbortSignal,
  ): Promise<Resolution> {
    return new Promise((resolve, reject) => {
      const follow = this.#resolver.follow(spec, (resolution) => {
        spec.onResolution?.(resolution);
        if (isAnswer(resolution)) end(() => resolve(resolution));
      });
      const aborted = () => end(() => reject(signal.reason));
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', aborted);
        settle();
        void follow[Symbol.asyncDispose]();
      };
      if (signal.aborted) aborted();
      else signal.addEventListener('abort', aborted, { once: true });
    });
  }

  #link(
    pod: PodIdentity,
    { preflight, lookAgain }: { preflight: Preflight; lookAgain: () => void },
  ): PodLink {
    const lease = this.#pool.link(pod);
    return {
      pod,
      warm: async (signal) => {
        preflight.begin(pod.name);
        try {
          await lease.warm(signal);
        } catch (thrown) {
          const error = AppError.from(thrown);
          if (provesOldView.includes(error.code)) lookAgain();
          throw await preflight.explain(error, pod.name);
        }
      },
      onLost: (listener) => lease.onLost((error) => listener(error)),
      open: (options) => lease.open(options),
      [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
    };
  }
}
