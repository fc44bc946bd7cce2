import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { AccessTarget, Carrier } from '../kube/access-review.ts';
import { explainForbidden, isOutdated } from '../kube/access-review-explain.ts';
import type { Target } from '../target/target.ts';
import type { AccessReviews } from './access-reviews.ts';

/** The review of what is allowed comes this long after the first dial has begun, out of the way of the first byte. */
const afterDialMs = 500;

export interface PreflightOptions {
  readonly reviews: Pick<AccessReviews, 'review' | 'reviewAnew' | 'reviewAhead'>;
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

  constructor(options: PreflightOptions) {
    this.#options = options;
  }

  /** Called when a pod is dialled; the first time it schedules the review. */
  begin(pod: string): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#first = this.#options.clock.after(afterDialMs, () => {
      this.#options.reviews.reviewAhead(this.#question(pod)).then(
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
      const { reviews } = this.#options;
      const question = this.#question(pod);
      const known = await reviews.review(question);
      return explainForbidden(isOutdated(known, error) ? await reviews.reviewAnew(question) : known, error);
    } catch {
      return error;
    }
  }

  [Symbol.dispose](): void {
    this.#first?.cancel();
  }

  #question(pod: string | undefined) {
    const { namespace, carriers, target } = this.#options;
    return accessQuestion({ namespace, target, pod, carriers: carriers() });
  }
}

/** What is to be reviewed of a target. `pod`: what it points at, where that is known. */
export function accessQuestion({
  namespace,
  target,
  pod,
  carriers,
}: {
  readonly namespace: string;
  readonly target: Target;
  readonly pod: string | undefined;
  readonly carriers: readonly Carrier[];
}) {
  return { namespace, target: accessTarget(target), pod: pod ?? namedPod(target), carriers };
}

function accessTarget(target: Target): AccessTarget {
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
function namedPod(target: Target): string | undefined {
  if (target.kind === 'pod') return target.name;
  if (target.kind !== 'statefulset' || target.ordinal === undefined) return undefined;
  return `${target.name}-${target.ordinal}`;
}
