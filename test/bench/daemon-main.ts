/**
 * Figures of a daemon as its user has it, a bundled process of its own against the embedded sandbox: what it takes to start, what 100 idle
 * tunnels cost, how fast 1,000 tunnels to one namespace are up. Prints a table; nothing is asserted.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { programOptions } from '../../build/bundle-options.ts';
import { daemonNodeFlags } from '../../src/client/daemon-node-flags.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { usageOf } from './process-usage.ts';

const { values: given } = parseArgs({
  options: {
    idle: { type: 'string', default: '100' },
    many: { type: 'string', default: '1000' },
    /** Over how long idle CPU and wake-ups are counted, s. */
    seconds: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
  },
});

await using cleanup = new AsyncDisposableStack();
const dir = await mkdtemp(join(tmpdir(), 'daemon-bench-'));
cleanup.defer(() => rm(dir, { recursive: true, force: true }));
const sandbox = cleanup.use(await startSandbox({ dir: join(dir, 'sandbox') }));
await sandbox.controls.pods.until('default/net-0');
const program = await bundled(dir);

const figures: Record<string, number> = {};
await measureIdle(Number(given.idle));
await measureMany(Number(given.many));
if (given.json) process.stdout.write(`${JSON.stringify(figures)}\n`);
else
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${name.padEnd(52)} ${value}\n`);

async function measureIdle(count: number): Promise<void> {
  await using daemon = await running(count);
  figures['start of the process to ready, ms'] = daemon.startMs;
  figures['resident without a tunnel, MiB'] = Math.round(usageOf(daemon.pid).residentMib);
  await daemon.up();
  await sleep(5_000);
  const before = usageOf(daemon.pid);
  const wokenBefore = voluntarySwitches(daemon.pid);
  const seconds = Number(given.seconds);
  await sleep(seconds * 1_000);
  const after = usageOf(daemon.pid);
  figures[`resident with ${count} idle tunnels, MiB`] = Math.round(after.residentMib);
  figures[`CPU of ${count} idle tunnels, ms in ${seconds} s`] = Math.round(
    (after.cpuSeconds - before.cpuSeconds) * 1_000,
  );
  figures[`wake-ups of the process in ${seconds} s`] = voluntarySwitches(daemon.pid) - wokenBefore;
  figures['open watches on the API server'] = sandbox.controls.openWatches();
}

async function measureMany(count: number): Promise<void> {
  await using daemon = await running(count);
  const beganMs = performance.now();
  const { ready, boundMs } = await daemon.up();
  figures[`${count} tunnels: ports bound and saved, ms`] = boundMs;
  figures[`${count} tunnels: all ready, ms`] = Math.round(performance.now() - beganMs);
  figures[`${count} tunnels: ready`] = ready;
  figures[`resident with ${count} tunnels, MiB`] = Math.round(usageOf(daemon.pid).residentMib);
}

async function running(count: number) {
  const home = await DaemonHome.create({ KUBECONFIG: sandbox.kubeconfigPath });
  const profile = {
    cluster: { server: sandbox.server },
    namespace: 'default',
    target: 'statefulset/net/0',
    port: 'echo',
  };
  const names = Array.from({ length: count }, (_, index) => `t${index}`);
  await home.writeProfiles({ profiles: Object.fromEntries(names.map((name) => [name, profile])) });
  const beganMs = performance.now();
  const child = spawn(process.execPath, [...daemonNodeFlags, program], {
    env: home.processEnv,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  const startMs = Math.round(performance.now() - beganMs);
  const control = home.control();
  return {
    startMs,
    pid: child.pid!,
    async up() {
      const began = performance.now();
      await control.call('up', { names });
      const boundMs = Math.round(performance.now() - began);
      const { outcomes } = await control.call('up', { names, waitMs: 60_000 });
      return { boundMs, ready: outcomes.filter(({ tunnel }) => tunnel?.shown === 'ready').length };
    },
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await home[Symbol.asyncDispose]();
    },
  };
}

/** As what ships is bundled. */
async function bundled(outdir: string): Promise<string> {
  const entry = new URL('../support/daemon-process.ts', import.meta.url).pathname;
  await build({ ...programOptions, outdir, outExtension: { '.js': '.mjs' }, entryPoints: { daemon: entry } });
  return join(outdir, 'daemon.mjs');
}

/** Times that the main thread went to sleep and was woken, as Linux counts them. */
function voluntarySwitches(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}
