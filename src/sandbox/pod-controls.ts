import { type Clock, delay } from '../base/clock.ts';
import { isReady, type Pod } from './kube-object.ts';
import type { Kubelet } from './kubelet.ts';
import type { ObjectStore } from './object-store.ts';
import { endPod } from './owned-pods.ts';
import { readyAnnotation } from './pod-runner.ts';
import type { Loss, SessionFaults } from './session-faults.ts';
import { notFound } from './status-error.ts';

export interface PodControlsOptions {
  readonly store: ObjectStore;
  readonly kubelet: Kubelet;
  readonly faults: SessionFaults;
  readonly clock: Clock;
}

const untilTimeoutMs = 30_000;

/** What can be done to pods from outside. `pod` is NAMESPACE/NAME; throws a 404 StatusError where there is none of that name. */
export class PodControls {
  readonly #options: PodControlsOptions;

  constructor(options: PodControlsOptions) {
    this.#options = options;
  }

  get(pod: string): Pod | undefined {
    const { namespace, name } = parse(pod);
    return this.#options.store.get('pods', namespace, name);
  }

  /** Resolves with the pod as soon as it is as wanted (default: ready). Rejects after `timeoutMs` (default 30 s). */
  async until(
    pod: string,
    isAsWanted: (pod: Pod) => boolean = (each) =>
      isReady(each) && each.metadata.deletionTimestamp === undefined,
    timeoutMs: number = untilTimeoutMs,
  ): Promise<Pod> {
    const timeout = new AbortController();
    const found = Promise.withResolvers<Pod>();
    const look = () => {
      const current = this.get(pod);
      if (current && isAsWanted(current)) found.resolve(current);
    };
    const unsubscribe = this.#options.store.onChange(look);
    look();
    try {
      const tooLate = delay(this.#options.clock, timeoutMs, timeout.signal).then(() => {
        throw new Error(`pod ${pod} was not as wanted within ${timeoutMs} ms: ${stateOf(this.get(pod))}`);
      });
      return await Promise.race([found.promise, tooLate]);
    } finally {
      unsubscribe();
      timeout.abort(new Error('done'));
    }
  }

  /** SIGKILL to the pod's containers; they restart. */
  kill(pod: string): void {
    const { namespace, name } = parse(pod);
    this.#options.kubelet.find(namespace, name)?.kill();
  }

  /** Deletes the pod with its grace period, as kubectl does. */
  delete(pod: string): void {
    endPod(this.#options.store, this.#require(pod));
  }

  /** Loses the pod (see SessionFaults.lose); the object stays until somebody deletes it. */
  lose(pod: string, loss: Loss = 'sandbox'): void {
    this.#options.faults.lose(this.#require(pod).metadata.uid, loss);
  }

  /** false: the pod becomes unready and stays so; true: its port decides again. */
  setReady(pod: string, ready: boolean): void {
    this.#options.store.update('pods', parse(pod), ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, [readyAnnotation]: String(ready) };
    });
  }

  #require(pod: string): Pod {
    const found = this.get(pod);
    if (!found) throw notFound('pods', parse(pod).name);
    return found;
  }
}

function parse(pod: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = pod.split('/');
  return { namespace, name };
}

/** In the words of the pod's status, for an error. */
function stateOf(pod: Pod | undefined): string {
  if (!pod) return 'there is none';
  const { state, lastState } = pod.status.containerStatuses?.[0] ?? {};
  const ended = state?.terminated ?? lastState?.terminated;
  return ended?.message ?? state?.waiting?.reason ?? pod.status.phase;
}
