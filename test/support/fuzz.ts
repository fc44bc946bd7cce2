/** How often all fuzz tests run where somebody asks for more than the usual: each with a seed of its own, which a failure names. */
const asked = Number(process.env.SALLYPORT_FUZZ_RUNS ?? 0);

export interface FuzzRuns {
  readonly numRuns: number;
  readonly seed?: number;
}

/** For fast-check: so many runs that are always the same, or as many as SALLYPORT_FUZZ_RUNS says. */
export function fuzzed(numRuns: number): FuzzRuns {
  return asked > 0 ? { numRuns: asked } : { numRuns, seed: 20_261_121 };
}
