import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Control } from '../../src/client/control.ts';
import type { SandboxStatus } from '../../src/contract/control-sandbox.ts';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { processesWith, product } from '../support/command.ts';
import { DaemonHome, tunnelOnce, viewOf } from '../support/daemon-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';

afterAll(expectNoHandles);

const waitMs = 60_000;
const id = 'ad-hoc/sandbox';
const kindOf = (control: Control, kind: SandboxStatus['kind']) =>
  viewOf(control, ({ sandbox }) => sandbox.kind === kind).then(({ sandbox }) => sandbox);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daemon-sandbox-test-'));
  // As root the sandbox runs Postgres as nobody.
  await chmod(folder, 0o711);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function startDaemon(stack: AsyncDisposableStack, home: DaemonHome) {
  const daemon = stack.use(
    await home.start({
      sandboxCommand: [process.execPath, product, 'sandbox-process'],
      env: { ...home.env, TMPDIR: folder },
      keychain: new MemoryKeychain(),
    }),
  );
  return { daemon, control: stack.use(home.control()) };
}

/** No file and no process of a sandbox is left. */
async function expectNothingLeft(): Promise<void> {
  while ((await readdir(folder)).length > 0) await nextTurn();
  while ((await processesWith(`TMPDIR=${folder}`)).length > 0) await nextTurn();
}

async function sandboxPid(): Promise<number> {
  for (const pid of await processesWith(`TMPDIR=${folder}`)) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (words.includes('sandbox-process')) return Number(pid);
  }
  throw new Error('no sandbox runs');
}

async function select(control: Control): Promise<unknown> {
  const answer = await control.call('connectionString', { name: id, format: 'uri' });
  if (answer.kind !== 'written') throw new Error('something was asked');
  const client = new pg.Client({ connectionString: answer.string.text });
  await client.connect();
  try {
    const { rows } = await client.query('select current_database() as name');
    return rows[0];
  } finally {
    await client.end();
  }
}

test('one request starts a Postgres that a copied string opens; its pod restarts, and a second request ends it', async () => {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await DaemonHome.create());
  const { control } = await startDaemon(stack, home);
  expect(await kindOf(control, 'off')).toEqual({ kind: 'off' });
  const steps: string[] = [];
  using _ = control.subscribe({
    onView: ({ sandbox }) => void (sandbox.kind === 'starting' && steps.push(sandbox.step)),
  });
  const running = await control.call('startSandbox', { waitMs });
  expect(running).toMatchObject({ kind: 'running', tunnel: id, pod: 'postgres-0', namespace: 'demo' });
  expect([...new Set(steps)]).toEqual(['cluster', 'database', 'tunnel']);
  expect(await select(control)).toEqual({ name: 'orders' });

  const { state } = await tunnelOnce(control, id, ({ shown }) => shown === 'ready');
  const before = state.kind === 'ready' ? state.pod.uid : '';
  await control.call('restartSandboxPod', {});
  await tunnelOnce(control, id, (tunnel) => tunnel.state.kind === 'ready' && tunnel.state.pod.uid !== before);
  expect(await select(control)).toEqual({ name: 'orders' });

  await control.call('down', { names: [id] });
  await viewOf(control, ({ tunnels }) => !tunnels.has(id));
  expect(await control.call('startSandbox', { waitMs })).toMatchObject({ kind: 'running' });
  await viewOf(control, ({ tunnels }) => tunnels.has(id));

  expect(await control.call('stopSandbox', {})).toEqual({ kind: 'off' });
  await viewOf(control, ({ tunnels }) => !tunnels.has(id));
  await expectNothingLeft();
  await expect(control.call('restartSandboxPod', {})).rejects.toMatchObject({ code: 'SP-USAGE' });
}, 90_000);

test('it ends with the daemon, and the next daemon does not look for it', async () => {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await DaemonHome.create());
  const { daemon, control } = await startDaemon(stack, home);
  await control.call('startSandbox', { waitMs });
  await daemon[Symbol.asyncDispose]();
  await expectNothingLeft();
  const next = await startDaemon(stack, home);
  expect((await next.control.call('tunnels', {})).tunnels).toEqual([]);
}, 90_000);

test('one that ends by itself is said, and takes its tunnel along; one that cannot start says why', async () => {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await DaemonHome.create());
  const { control } = await startDaemon(stack, home);
  await control.call('startSandbox', { waitMs });
  process.kill(await sandboxPid(), 'SIGKILL');
  expect(await kindOf(control, 'off')).toMatchObject({ error: { code: 'SP-SANDBOX-START' } });
  await viewOf(control, ({ tunnels }) => !tunnels.has(id));
  await expectNothingLeft();
  await rm(folder, { recursive: true });
  await expect(control.call('startSandbox', { waitMs })).rejects.toMatchObject({ code: 'SP-SANDBOX-START' });
  expect(await kindOf(control, 'off')).toMatchObject({ error: { code: 'SP-SANDBOX-START' } });
}, 90_000);

test('a daemon that was not told how to start one says so', async () => {
  await using stack = new AsyncDisposableStack();
  const home = stack.use(await DaemonHome.create());
  stack.use(await home.start());
  const control = stack.use(home.control());
  expect(await kindOf(control, 'unavailable')).toEqual({ kind: 'unavailable' });
  await expect(control.call('startSandbox', { waitMs })).rejects.toMatchObject({ code: 'SP-SANDBOX-START' });
}, 30_000);
