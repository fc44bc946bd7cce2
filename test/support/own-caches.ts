import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * For the programs that tests start: caches of this run, not those of the user, where each cluster of a test would leave its own for good
 * (kubectl: what the API server has; sallyport: compiled code). One for all tests, or each would compile anew.
 */
export default async function ownCaches(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-test-caches-'));
  process.env.XDG_CACHE_HOME = join(folder, 'xdg');
  process.env.KUBECACHEDIR = join(folder, 'kube');
  return () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
}
