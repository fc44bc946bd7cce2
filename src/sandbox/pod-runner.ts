import { randomBytes } from 'node:crypto';
import { backoffMs } from '../base/backoff.ts';
import { type Clock, delay } from '../base/clock.ts';
import type { ContainerProcess, ExitStatus, StartContainer } from './container.ts';
import type { Container, ContainerState, ContainerStatus, Pod } from './kube-object.ts';
import type { ObjectStore } from './object-store.ts';
import type { PodNetwork } from './pod-network.ts';
import { runningStatus, setCondition, startingStatus } from './pod-status.ts';
import { accepts, readinessPort } from './readiness.ts';

export interface PodRunnerOptions {
  readonly pod: Pod;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly network: PodNetwork;
  /** The starter for an image, undefined where the sandbox has no such image. */
  readonly starterFor: (image: string) => StartContainer | undefined;
}

/** Delays the start of a pod's containers, ms. */
export const startDelayAnnotation = 'sandbox/start-delay-ms';
/** "false" keeps a pod unready, whatever its port does. */
export const readyAnnotation = 'sandbox/ready';

/** When the whole sandbox ends, containers have this long. */
const disposeGraceMs = 3_000;
const probeIntervalMs = 100;
/** Kubernetes waits 10 s and more before a second restart; here it is kept short enough to watch. */
const restartBackoff = { firstMs: 500, maxMs: 10_000, jitter: 0 };
/** A container that ran this long restarts at once again. */
const backoffResetMs = 10_000;

/**
 * One pod's life on the node: start, readiness, restarts with back-off, graceful end. It writes what it observes to the pod's status
 * and removes the pod from the store when its containers have ended. Identity is the UID: a pod of the same name that comes later
 * is not touched.
 */
export class PodRunner implements AsyncDisposable {
  readonly uid: string;
  readonly sandboxId = randomBytes(32).toString('hex');
  readonly network: PodNetwork;
  readonly #key: { readonly namespace: string; readonly name: string };
  readonly #pod: Pod;
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #starterFor: PodRunnerOptions['starterFor'];
  readonly #processes = new Map<string, ContainerProcess>();
  readonly #running = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  #probing: AbortController | undefined;
  #keptUnready: boolean;

  constructor({ pod, store, clock, network, starterFor }: PodRunnerOptions) {
    this.uid = pod.metadata.uid;
    this.network = network;
    this.#pod = pod;
    this.#key = { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name };
    this.#store = store;
    this.#clock = clock;
    this.#starterFor = starterFor;
    this.#keptUnready = isKeptUnready(pod);
  }

  /** Its end has begun: nothing new is let in once its containers have gone. */
  get ended(): boolean {
    return this.#ending.signal.aborted && this.#running.size === 0;
  }

  /** Starts the containers; returns at once. */
  start(): void {
    this.#update((pod) => startingStatus(pod, this.#store.timestamp()));
    for (const container of this.#pod.spec.containers) {
      const running = this.#runContainer(container).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  /** SIGKILL to every container; they restart. */
  kill(): void {
    for (const process of this.#processes.values()) process.kill();
  }

  /** Ends the containers, by force after the grace period, then removes the pod from the store. */
  async terminate(graceMs: number): Promise<void> {
    this.#beginEnd();
    await this.#endContainers(graceMs);
    this.#store.remove('pods', { ...this.#key, uid: this.uid });
  }

  /** Looks at the pod's ready annotation again. */
  reconsiderReadiness(pod: Pod): void {
    const keptUnready = isKeptUnready(pod);
    if (this.#ending.signal.aborted || keptUnready === this.#keptUnready) return;
    this.#keptUnready = keptUnready;
    if (keptUnready) {
      this.#probing?.abort();
      this.#setReady(false);
    } else if (this.#processes.size > 0) {
      void this.#probe();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#beginEnd();
    await this.#endContainers(disposeGraceMs);
  }

  async #endContainers(graceMs: number): Promise<void> {
    for (const process of this.#processes.values()) process.stop();
    const timer = this.#clock.after(graceMs, () => this.kill());
    await Promise.all(this.#running);
    timer.cancel();
  }

  #beginEnd(): void {
    this.#ending.abort();
    this.#probing?.abort();
    this.#setReady(false);
  }

  async #runContainer(container: Container): Promise<void> {
    const { signal } = this.#ending;
    await pause(this.#clock, Number(this.#pod.metadata.annotations?.[startDelayAnnotation] ?? 0), signal);
    for (let restarts = 0, attempt = 0; !signal.aborted; restarts++) {
      const startedMs = this.#clock.nowMs();
      const startedAt = this.#store.timestamp();
      const exit = await this.#runOnce(container, restarts, startedAt);
      this.#processes.delete(container.name);
      this.#probing?.abort();
      const lastState = { terminated: terminatedState(exit, startedAt, this.#store.timestamp()) };
      if (signal.aborted) {
        this.#setContainer(container, { state: lastState, ready: false, started: false });
        return;
      }
      attempt = this.#clock.nowMs() - startedMs > backoffResetMs ? 0 : attempt + 1;
      // The first restart is immediate, as the kubelet's is.
      const waitMs = attempt <= 1 ? 0 : backoffMs(attempt - 2, restartBackoff);
      const state: ContainerState =
        waitMs === 0
          ? lastState
          : {
              waiting: {
                reason: 'CrashLoopBackOff',
                message: `back-off ${waitMs}ms restarting failed container=${container.name}`,
              },
            };
      this.#setContainer(container, { state, lastState, ready: false, started: false });
      await pause(this.#clock, waitMs, signal);
    }
  }

  /** Runs a container until it exits. A container that cannot start has exited with 128. */
  async #runOnce(container: Container, restarts: number, startedAt: string): Promise<ExitStatus> {
    const start = this.#starterFor(container.image);
    if (!start) {
      const message = `the sandbox has no image "${container.image}"`;
      this.#setContainer(container, { state: { waiting: { reason: 'ImagePullBackOff', message } } });
      await aborted(this.#ending.signal);
      return { exitCode: 128 };
    }
    try {
      const process = await start({
        pod: this.#pod,
        container,
        env: this.#environment(container),
        network: this.network,
        clock: this.#clock,
      });
      this.#processes.set(container.name, process);
      if (this.#ending.signal.aborted) process.kill();
      else {
        this.#setContainer(container, {
          state: { running: { startedAt } },
          restartCount: restarts,
          started: true,
        });
        void this.#probe();
      }
      return await process.exited;
    } catch (error) {
      return { exitCode: 128, message: error instanceof Error ? error.message : String(error) };
    }
  }

  #environment({ env = [] }: Container): Record<string, string> {
    const entries = env.map(({ name, value, valueFrom }) => {
      const ref = valueFrom?.secretKeyRef;
      if (!ref) return [name, value ?? ''] as const;
      const secret = this.#store.get('secrets', this.#key.namespace, ref.name);
      return [name, Buffer.from(secret?.data?.[ref.key] ?? '', 'base64').toString()] as const;
    });
    return Object.fromEntries(entries);
  }

  /** Connects to the pod's port until it answers; then the pod is ready until a container exits. */
  async #probe(): Promise<void> {
    this.#probing?.abort();
    if (this.#keptUnready) return;
    const probing = new AbortController();
    this.#probing = probing;
    const port = readinessPort(this.#pod);
    // One that exits before it serves ends this probe by the signal.
    const serving = Promise.all([...this.#processes.values()].map((process) => process.serving));
    await Promise.race([serving, aborted(probing.signal)]);
    while (!probing.signal.aborted) {
      if (
        port === undefined ||
        (await accepts({ network: this.network, port, clock: this.#clock, signal: probing.signal }))
      ) {
        if (!probing.signal.aborted) this.#setReady(true);
        return;
      }
      await pause(this.#clock, probeIntervalMs, probing.signal);
    }
  }

  #setReady(ready: boolean): void {
    this.#update((pod) => {
      for (const status of pod.status.containerStatuses ?? []) {
        status.ready = ready && status.state.running !== undefined;
      }
      setCondition(pod, 'ContainersReady', ready, this.#store.timestamp());
      setCondition(pod, 'Ready', ready, this.#store.timestamp());
    });
  }

  #setContainer({ name }: Container, change: Partial<ContainerStatus>): void {
    this.#update((pod) => {
      const status = pod.status.containerStatuses?.find((each) => each.name === name);
      if (status) Object.assign(status, change);
      runningStatus(pod, this.network.address);
      if (change.ready === false) {
        setCondition(pod, 'ContainersReady', false, this.#store.timestamp());
        setCondition(pod, 'Ready', false, this.#store.timestamp());
      }
    });
  }

  #update(change: (pod: Pod) => void): void {
    if (this.#store.get('pods', this.#key.namespace, this.#key.name)?.metadata.uid !== this.uid) return;
    this.#store.update('pods', this.#key, change);
  }
}

function terminatedState({ exitCode, signal, message }: ExitStatus, startedAt: string, finishedAt: string) {
  return {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    ...(signal === undefined ? {} : { signal }),
    ...(message === undefined ? {} : { message }),
    startedAt,
    finishedAt,
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

const isKeptUnready = ({ metadata }: Pod) => metadata.annotations?.[readyAnnotation] === 'false';

/** Waits, or less where the signal ends it. */
function pause(clock: Clock, waitMs: number, signal: AbortSignal): Promise<void> {
  return waitMs > 0 ? delay(clock, waitMs, signal).catch(() => {}) : Promise.resolve();
}
