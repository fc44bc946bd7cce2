import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';

test.each(['XDG_CACHE_HOME', 'KUBECACHEDIR'])(
  'what tests start finds %s in a folder of the run, not in the home of who runs them',
  (variable) => {
    expect(process.env[variable]?.startsWith(`${tmpdir()}/sallyport-test-caches-`)).toBe(true);
  },
);
