import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Ends a run with `N passed, N failed` (`, N skipped`) alone on its very last line, and makes sure that the exit code agrees: it is
 * not 0 when something failed, when no test ran, or, with SALLYPORT_REQUIRE_ALL=1, when something was skipped.
 */
export default class ClosingLine implements Reporter {
  #counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  #skipped: string[] = [];

  onInit(): void {
    // At exit, so that nothing that vitest or another reporter prints can come after it.
    process.on('exit', (code) => {
      const requireAll = process.env.SALLYPORT_REQUIRE_ALL === '1';
      const { passed, failed, skipped } = this.#counts;
      for (const name of this.#skipped) process.stdout.write(`skipped: ${name}\n`);
      if (requireAll && skipped > 0)
        process.stdout.write('SALLYPORT_REQUIRE_ALL=1: what is skipped has failed\n');
      const shown = requireAll ? { passed, failed: failed + skipped, skipped: 0 } : this.#counts;
      process.stdout.write(`${closingLine(shown)}\n`);
      if (shown.failed > 0 || passed === 0) process.exitCode = code || 1;
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.#counts = countOutcomes(modules, unhandled);
    this.#skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => {
        const result = test.result();
        const note = result.state === 'skipped' && result.note ? `: ${result.note}` : '';
        return `${module.relativeModuleId} > ${test.fullName}${note}`;
      }),
    );
  }
}

export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * What became of a run's tests. Besides failed tests each error counts as one failure that is no test's own: a file that cannot be
 * read, a hook that throws, an error that nobody handled. A test that never came to an end has failed.
 */
function countOutcomes(modules: readonly TestModule[], unhandled: readonly unknown[]): Counts {
  const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
  for (const module of modules) {
    const groups: (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
    for (const group of groups) counts.failed += group.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      counts[state === 'pending' ? 'failed' : state]++;
    }
  }
  return counts;
}
