/**
 * A sandbox with one Postgres as a process of its own, so that whoever asked for it neither carries nor outlives it: it says how it is on
 * its output, takes orders on its input, and ends with that, which the system closes however the other process ends.
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { AppError } from '../base/app-error.ts';
import { restartPodOrder, type SandboxMessage } from '../contract/control-sandbox.ts';
import { postgresManifest } from './manifest.ts';
import { startSandbox } from './sandbox.ts';
import { watchedFolder } from './watchdog.ts';

const namespace = 'demo';
const name = 'postgres';
const pod = `${name}-0`;
const login = { user: 'app', database: 'orders' } as const;

export interface SandboxProcessOptions {
  readonly input: Readable;
  readonly say: (message: SandboxMessage) => void;
}

/** Runs until the input or `signal` ends. What fails is said, not thrown; nothing is left behind. */
export async function runSandboxProcess(
  { input, say }: SandboxProcessOptions,
  signal: AbortSignal,
): Promise<void> {
  const lines = createInterface({ input });
  const closed = new Promise<void>((resolve) => lines.once('close', resolve));
  const asked = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  try {
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => lines.close());
    const dir = await watchedFolder('sallyport-sandbox-', cleanup);
    const password = randomBytes(18).toString('base64url');
    const manifest = postgresManifest({ namespace, name, password, ...login });
    const sandbox = cleanup.use(await startSandbox({ dir, namespace, manifest }));
    const { pods } = sandbox.controls;
    say({ kind: 'database' });
    lines.on('line', (line) => {
      if (line === restartPodOrder && pods.get(`${namespace}/${pod}`)) pods.delete(`${namespace}/${pod}`);
    });
    await Promise.race([
      pods.until(`${namespace}/${pod}`).then(() =>
        say({
          kind: 'ready',
          kubeconfig: sandbox.kubeconfigPath,
          namespace,
          pod,
          target: `statefulset/${name}/0`,
          port: 5432,
          ...login,
          secret: { name, key: 'password' },
        }),
      ),
      closed,
      asked,
    ]);
    await Promise.race([closed, asked]);
  } catch (thrown) {
    const error = AppError.from(thrown);
    const { message } = error;
    say({
      kind: 'failed',
      error:
        error.code === 'SP-INTERNAL' ? { code: 'SP-SANDBOX-START', details: { message } } : error.toData(),
    });
  }
}
