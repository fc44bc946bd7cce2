import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type AccessReport, type AccessTarget, type Carrier, reviewAccess } from '../kube/access-review.ts';
import { explainForbidden } from '../kube/access-review-explain.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import type { Target } from '../target/target.ts';

/** The review of what is allowed comes this long after the first dial has begun, out of the way of the first byte. */
const afterDialMs = 500;
/** An answer older than this may no longer be so: rights are granted while somebody waits for them. */
const freshMs = 5_000;

export interface PreflightOptions {
  readonly api: KubeApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly target: Target;
  readonly namespace: string;
  readonly carriers: () => readonly Carrier[];
}

/** What the user may do with one target: asked once beside the first dial, and again when something is refused. */
export class Preflight implements Disposable {
  readonly #options: PreflightOptions;
  #first: Timer | undefined;
  #begun = false;
  #report:
    | { readonly atMs: number; readonly pod: string | undefined; readonly report: Promise<AccessReport> }
    | undefined;

  constructor(options: PreflightOptions) {
    this.#options = options;
  }

  /** Called when a pod is dialled; the first time it schedules the review. */
  begin(pod: string): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#first = this.#options.clock.after(afterDialMs, () => {
      this.#review(pod).then(
        ({ user, groups, missing, degraded }) =>
          this.#options.log.info('access reviewed', { user, groups, missing, degraded }),
        (thrown) => {
          const { code, details } = AppError.from(thrown);
          this.#options.log.info('access not reviewed', { code, details });
        },
      );
    });
  }

  /** A refusal with what RBAC says of it; any other error, and one that cannot be explained, as it is. */
  async explain(error: AppError, pod?: string): Promise<AppError> {
    if (error.code !== 'SP-FORBIDDEN') return error;
    try {
      return explainForbidden(await this.#review(pod), error);
    } catch {
      return error;
    }
  }

  [Symbol.dispose](): void {
    this.#first?.cancel();
  }

  #review(pod: string | undefined): Promise<AccessReport> {
    const { api, clock, namespace, carriers, target } = this.#options;
    const nowMs = clock.nowMs();
    const known = this.#report;
    if (known && known.pod === pod && nowMs - known.atMs < freshMs) return known.report;
    const report = reviewAccess(api, {
      namespace,
      target: accessTarget(target),
      pod: pod ?? namedPod(target),
      carriers: carriers(),
    });
    this.#report = { atMs: nowMs, pod, report };
    return report;
  }
}

export function accessTarget(target: Target): AccessTarget {
  switch (target.kind) {
    case 'selector':
      return { kind: 'selector' };
    case 'statefulset': {
      // With an ordinal the pod is found by its name, and the StatefulSet is read only to word what is missing.
      const name = namedPod(target);
      return name === undefined ? { kind: 'statefulset', name: target.name } : { kind: 'pod', name };
    }
    case 'pod':
    case 'service':
    case 'deployment':
    case 'replicaset':
      return { kind: target.kind, name: target.name };
  }
}

/** The pod that a target names by itself, where it does. */
export function namedPod(target: Target): string | undefined {
  if (target.kind === 'pod') return target.name;
  if (target.kind !== 'statefulset' || target.ordinal === undefined) return undefined;
  return `${target.name}-${target.ordinal}`;
}
