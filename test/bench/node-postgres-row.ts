import { execFile } from 'node:child_process';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { postgresLogin } from '../support/manifests.ts';
import { figure, type Row } from './row.ts';

const run = promisify(execFile);
const fileTimeoutMs = 60_000;

/** packages/pg of a checkout of node-postgres, with what its tests need installed; the npm package comes without them. */
const suite = process.env.SALLYPORT_NODE_POSTGRES;

/** node-postgres' own integration suite, a process a file as its Makefile does: what a real driver asks of a connection. */
export const nodePostgresRow: Row = {
  key: 'node-postgres',
  direct: true,
  once: true,
  figures: [
    figure({
      key: 'node-postgres',
      title: "files of node-postgres' integration suite that pass",
      unit: '',
      better: 'higher',
      loopback: { kind: 'direct' },
    }),
  ],
  async measure(given) {
    if (!suite) throw new Error('SALLYPORT_NODE_POSTGRES names no packages/pg of node-postgres');
    const files: string[] = [];
    for await (const file of glob('test/integration/**/*-tests.js', { cwd: suite })) files.push(file);
    let passed = 0;
    const failed: string[] = [];
    for (const file of files.toSorted()) {
      const { host, port } = await (await given.lastingDatabase()).address('postgres');
      const env = {
        ...process.env,
        PGHOST: host,
        PGPORT: String(port),
        PGUSER: postgresLogin.user,
        PGPASSWORD: postgresLogin.password,
        PGDATABASE: postgresLogin.database,
      };
      const options = { cwd: suite, env, timeout: fileTimeoutMs, killSignal: 'SIGKILL' } as const;
      await run(process.execPath, [join(suite, file)], options).then(
        () => passed++,
        () => failed.push(file),
      );
    }
    process.stderr.write(`node-postgres, ${given.net.subject}: failed ${failed.join(' ') || 'none'}\n`);
    return { 'node-postgres': passed };
  },
};
