import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A folder of this machine that Postgres in realcluster's pods reads: it runs there as another user where the tests run as root. */
export class PodFiles implements AsyncDisposable {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<PodFiles> {
    const dir = await mkdtemp(join(tmpdir(), 'sallyport-pods-'));
    await chmod(dir, 0o755);
    return new PodFiles(dir);
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  /** Makes what lies there the server's own, as it insists on for keys and data. */
  async handOver(name: string): Promise<void> {
    if (process.getuid?.() === 0) await run('chown', ['-R', await databaseUser(), this.path(name)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A server that shuts down may write until it has ended.
    await rm(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

async function databaseUser(): Promise<string> {
  return run('id', ['-u', 'postgres']).then(
    ({ stdout }) => stdout.trim(),
    () => 'nobody',
  );
}
