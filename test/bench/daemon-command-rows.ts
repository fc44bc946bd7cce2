/** How long somebody who types commands waits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { CommandLineUser } from '../support/command-line-user.ts';
import { freePort } from '../support/free-port.ts';
import { netPorts } from '../support/manifests.ts';
import { type Carrier, startForward } from '../support/subject.ts';
import type { Figure } from './daemon-figure.ts';
import { Daemon, userWithProfiles } from './daemon-subject.ts';
import type { World } from './daemon-world.ts';
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
 * From the start of the command to the first byte of a server that speaks first, kubectl's two ways beside it by turns. Once of a daemon
 * that has not met the cluster yet, once of one that had the tunnel up a moment before.
 */
export async function startRow(world: World, { runs }: { runs: number }): Promise<Figure[]> {
  const port = await freePort();
  const { user } = await userWithProfiles(world, 1, { local: port });
  await using _user = user;
  const [first, again]: [number[], number[]] = [[], []];
  const kubectl: Record<Carrier, number[]> = { spdy: [], websocket: [], auto: [] };
  for (let run = 0; run < runs; run++) {
    await using _daemon = await Daemon.ready(user);
    first.push(await upMs(user, port));
    await user.ok('down', 't0');
    again.push(await upMs(user, port));
    await user.ok('down', 't0');
    for (const carrier of ['spdy', 'websocket'] as const) {
      kubectl[carrier].push(await kubectlMs(world, carrier));
    }
  }
  const best = Math.min(median(kubectl.spdy), median(kubectl.websocket));
  return [
    {
      title: `kubectl port-forward (SPDY) to first byte, median of ${runs}, ms`,
      value: median(kubectl.spdy),
    },
    {
      title: `kubectl port-forward (WebSocket) to first byte, median of ${runs}, ms`,
      value: median(kubectl.websocket),
    },
    {
      title: `\`up\` to first byte, the daemon's first tunnel, median of ${runs}, ms`,
      value: median(first),
      limit: Math.round(best),
    },
    {
      title: `\`up\` to first byte, again after \`down\`, median of ${runs}, ms`,
      value: median(again),
      limit: Math.round(best),
    },
  ];
}

/** As whoever scripts it waits: the command ends, then a client comes. */
async function upMs(user: CommandLineUser, port: number): Promise<number> {
  const beganMs = performance.now();
  await user.ok('up', 't0');
  await firstByteMs({ host: '127.0.0.1', port });
  return performance.now() - beganMs;
}

async function kubectlMs({ kubeconfig, namespace }: World, carrier: Carrier): Promise<number> {
  const beganMs = performance.now();
  const ports = [`:${netPorts.identity}`];
  await using forward = startForward({
    subject: 'kubectl',
    kubeconfig,
    namespace,
    target: 'pod/net-0',
    ports,
    carrier,
  });
  await firstByteMs({ host: '127.0.0.1', port: await forward.port() });
  return performance.now() - beganMs;
}
