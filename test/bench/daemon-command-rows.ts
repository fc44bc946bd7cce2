/** How long somebody who types commands waits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandLineUser } from '../support/command-line-user.ts';
import { freePort } from '../support/free-port.ts';
import { netPorts } from '../support/manifests.ts';
import { type Carrier, startForward } from '../support/subject.ts';
import type { Figure } from './daemon-figure.ts';
import { Daemon, userWithProfiles } from './daemon-subject.ts';
import type { RealWorld, World } from './daemon-world.ts';
import { firstByteMs } from './load.ts';
import { median } from './statistics.ts';

/** More than Node's own start, ms. */
const shortLimitMs = 120;
const shortCommands = [
  ['status'],
  ['status', '--json'],
  ['list'],
  ['show', 't0'],
  ['url', 't0', '--format', 'uri'],
  ['logs', 't0'],
  ['down', 'nobody'],
  ['version'],
  ['completion', 'bash'],
  ['complete', '--', 'up', 't'],
] as const;

/** Each command by turns with a Node that does nothing. */
export async function shortRow(
  world: World,
  { count, runs }: { count: number; runs: number },
): Promise<Figure[]> {
  const { user, names } = await userWithProfiles(world, count, { kind: 'postgres' });
  await using _user = user;
  await using daemon = await Daemon.ready(user);
  await using control = daemon.control();
  await control.call('up', { names: [...names], waitMs: 60_000 });
  const node: number[] = [];
  const taken = new Map(shortCommands.map((argv) => [argv, [] as number[]]));
  // Once for what is compiled at a first run.
  for (const argv of shortCommands) await user.run(...argv);
  for (let run = 0; run < runs; run++) {
    node.push(await nodeStartMs());
    for (const [argv, all] of taken) {
      const beganMs = performance.now();
      await user.run(...argv);
      all.push(performance.now() - beganMs);
    }
  }
  const startMs = median(node);
  const figures = [...taken].map(([argv, all]) => ({
    title: `\`${argv.join(' ')}\` with ${count} tunnels up, more than Node's start, median of ${runs}, ms`,
    value: median(all) - startMs,
    limit: shortLimitMs,
  }));
  return [{ title: `Node's own start, median of ${runs}, ms`, value: startMs }, ...figures];
}

async function nodeStartMs(): Promise<number> {
  const beganMs = performance.now();
  await once(spawn(process.execPath, ['-e', ''], { stdio: ['ignore', 'pipe', 'pipe'] }), 'close');
  return performance.now() - beganMs;
}

/**
 * From the start of the command to the first byte of a server that speaks first: a client tries the local port until it has one. kubectl's
 * two ways beside it by turns. `up` is told with a daemon that does the like for another pod, and with one that has not met the cluster yet.
 */
export async function startRow(world: RealWorld, { runs }: { runs: number }): Promise<Figure[]> {
  const [port, kubectlPort] = [await freePort(), await freePort()];
  const { user } = await userWithProfiles(world, 1, { local: port });
  await using _user = user;
  const toOther = {
    name: 'other',
    target: 'statefulset/net/1',
    port: 'identity',
    namespace: world.namespace,
  };
  const [first, further, again, ended]: [number[], number[], number[], number[]] = [[], [], [], []];
  const kubectl: Record<Carrier, number[]> = { spdy: [], websocket: [], auto: [] };
  for (let run = 0; run < runs; run++) {
    await using daemon = await Daemon.ready(user);
    first.push((await upMs(user, port)).firstByteMs);
    await user.ok('down', 't0');
    await daemon.kill();
    await using running = await Daemon.ready(user);
    await using control = running.control();
    await control.call('up', { adHoc: [toOther], waitMs: 20_000 });
    further.push((await upMs(user, port)).firstByteMs);
    await user.ok('down', 't0');
    const up = await upMs(user, port);
    again.push(up.firstByteMs);
    ended.push(up.endMs);
    await user.ok('down', 't0', 'other');
    for (const carrier of ['spdy', 'websocket'] as const) {
      kubectl[carrier].push(await kubectlMs(world, carrier, kubectlPort));
    }
  }
  const limit = Math.round(Math.min(median(kubectl.spdy), median(kubectl.websocket)));
  const of = `median of ${runs}, ms`;
  return [
    { title: `kubectl port-forward (SPDY) to first byte, ${of}`, value: median(kubectl.spdy) },
    { title: `kubectl port-forward (WebSocket) to first byte, ${of}`, value: median(kubectl.websocket) },
    { title: `\`up\` to first byte, its first to this pod, ${of}`, value: median(further), limit },
    { title: `\`up\` to first byte, after \`down\`, ${of}`, value: median(again), limit },
    { title: `\`up\` to first byte, the daemon's first of this cluster, ${of}`, value: median(first), limit },
    { title: `\`up\` to its end, ${of}`, value: median(ended) },
  ];
}

async function upMs(
  user: CommandLineUser,
  port: number,
): Promise<{ readonly firstByteMs: number; readonly endMs: number }> {
  const beganMs = performance.now();
  const ended = user.ok('up', 't0').then(() => performance.now() - beganMs);
  await firstByteFrom(port);
  const tookMs = performance.now() - beganMs;
  return { firstByteMs: tookMs, endMs: await ended };
}

async function kubectlMs({ kubeconfig, namespace }: World, carrier: Carrier, port: number): Promise<number> {
  const beganMs = performance.now();
  await using _forward = startForward({
    subject: 'kubectl',
    kubeconfig,
    namespace,
    target: 'pod/net-0',
    ports: [`${port}:${netPorts.identity}`],
    carrier,
  });
  await firstByteFrom(port);
  return performance.now() - beganMs;
}

/** Connects until somebody listens, and stays. */
async function firstByteFrom(port: number): Promise<void> {
  const untilMs = performance.now() + 30_000;
  for (;;) {
    try {
      await firstByteMs({ host: '127.0.0.1', port });
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNREFUSED' || performance.now() > untilMs) throw error;
      await sleep(1);
    }
  }
}
