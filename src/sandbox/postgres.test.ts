import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { postgresManifest } from './manifest.ts';
import { startSandbox } from './sandbox.ts';

const program = `
const { startSandbox } = await import(${JSON.stringify(new URL('sandbox.ts', import.meta.url).href)});
const { postgresManifest } = await import(${JSON.stringify(new URL('manifest.ts', import.meta.url).href)});
const sandbox = await startSandbox({ dir: process.argv[1], manifest: postgresManifest({ password: 'pw' }) });
process.stdin.on('end', () => sandbox.stop()).resume();
const { status } = await sandbox.controls.pods.until('default/postgres-0');
console.log(status.podIP);
`;

/** A sandbox in a process of its own, which ends in order when its input does (so also with this process), and a client that is connected to its Postgres directly. */
async function sandboxProcess() {
  const dir = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.stdin.destroy());
  const { value: host } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const client = new Client({ host: String(host), user: 'app', password: 'pw', database: 'orders' });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query("select current_setting('data_directory') as folder");
  return { child, dir, client, folder: String(rows[0].folder) };
}

/** Whatever error comes first. */
const closed = (client: Client) => new Promise<void>((resolve) => client.once('end', resolve));

// On macOS every pod is at 127.0.0.1, on a port that only the sandbox knows; Windows has no watchdog.
const direct = process.platform === 'linux';

test.runIf(direct)('Postgres ends when the sandbox is killed', async () => {
  const { child, dir, client } = await sandboxProcess();
  const ended = closed(client);
  child.kill('SIGKILL');
  await ended;
  // The watchdog may be removing the same files.
  await rm(dir, { recursive: true, force: true, maxRetries: 3 });
});

test.runIf(direct)('a regular end leaves no process and no file', async () => {
  const { child, dir, client, folder } = await sandboxProcess();
  const ended = closed(client);
  const exited = once(child, 'exit');
  child.stdin.end();
  await ended;
  expect((await exited)[0]).toBe(0);
  expect(await readdir(dir)).toEqual([]);
  await rmdir(dir);
  await expect(rm(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

test.runIf(direct)('a database that was killed leaves no shared memory', async () => {
  const pod = 'default/postgres-0';
  const dir = await mkdtemp(join(tmpdir(), 'sandbox-test-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await using sandbox = await startSandbox({ dir, manifest: postgresManifest({ password: 'pw' }) });
  const { status } = await sandbox.controls.pods.until(pod);
  const client = new Client({ host: status.podIP!, user: 'app', password: 'pw', database: 'orders' });
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query("select pg_read_file('postmaster.pid') as lock");
  const id = String(rows[0].lock).split('\n')[6]!.trim().split(/ +/)[1]!;
  const segments = () =>
    readFileSync('/proc/sysvipc/shm', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/ +/)[1]);
  const memory = (await client.query('show dynamic_shared_memory_type')).rows;
  expect(segments()).toContain(id);
  sandbox.controls.pods.kill(pod);
  await sandbox.stop();
  expect(segments()).not.toContain(id);
  // What else it shares is in its data folder, and gone with it.
  expect(memory).toEqual([{ dynamic_shared_memory_type: 'mmap' }]);
});
