export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Growth per attempt. Default 2. */
  readonly factor?: number;
  /** Share of the delay that is drawn at random, 0 to 1. Default 0.2. */
  readonly jitter?: number;
  /** Uniform in [0, 1); injected so that tests can fix it. */
  readonly random?: () => number;
}

/** The delay in ms before attempt n (0 is the first retry): exponential, capped, jittered downwards. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const { firstMs, maxMs, factor = 2, jitter = 0.2, random = Math.random } = options;
  const full = Math.min(maxMs, firstMs * factor ** Math.min(attempt, 60));
  return full * (1 - jitter * random());
}
