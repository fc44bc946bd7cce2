import pLimit from 'p-limit';
import type { Clock } from '../base/clock.ts';
import { type AccessReport, type AccessReviewOptions, reviewAccess } from '../kube/access-review.ts';
import type { KubeApi } from '../kube/kube-api.ts';

/** An answer older than this may no longer be so: rights are granted while somebody waits for them. */
const freshMs = 5_000;
/** Answers that are kept, and reviews that are made ahead of need at one time: each is some requests at once. */
const maxKept = 100;
const aheadAtOnce = 1;

/** What the user may do in one cluster, asked once for all tunnels that ask the same. */
export class AccessReviews {
  readonly #api: KubeApi;
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly atMs: number; readonly report: Promise<AccessReport> }>();
  readonly #ahead = pLimit(aheadAtOnce);

  constructor(api: KubeApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  /** Somebody waits for the answer. */
  review(options: Omit<AccessReviewOptions, 'signal'>): Promise<AccessReport> {
    const key = JSON.stringify(options);
    const nowMs = this.#clock.nowMs();
    const known = this.#known.get(key);
    return known && nowMs - known.atMs < freshMs ? known.report : this.reviewAnew(options);
  }

  /** What was answered before is known to be wrong. */
  reviewAnew(options: Omit<AccessReviewOptions, 'signal'>): Promise<AccessReport> {
    const key = JSON.stringify(options);
    const report = reviewAccess(this.#api, options);
    this.#known.delete(key);
    this.#known.set(key, { atMs: this.#clock.nowMs(), report });
    for (const oldest of this.#known.keys()) if (this.#known.size > maxKept) this.#known.delete(oldest);
    return report;
  }

  /** What was answered is of another user or cluster. */
  forget(): void {
    this.#known.clear();
  }

  /** Nobody waits: a hundred tunnels that start at once ask one after another. */
  reviewAhead(options: Omit<AccessReviewOptions, 'signal'>): Promise<AccessReport> {
    return this.#ahead(() => this.review(options));
  }
}
