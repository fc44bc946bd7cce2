/** How soon what happens in the cluster, or to the daemon, is seen and mended. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lines } from '../support/command-line-user.ts';
import { readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import { type Figure, spread } from './daemon-figure.ts';
import { accepts, Daemon, userWithProfiles } from './daemon-subject.ts';
import type { RealWorld, World } from './daemon-world.ts';
import { firstByteMs } from './load.ts';

/** Longer than a daemon lets its idle sessions and the API server its caches rest between two deletions. */
const betweenMs = 300;

/** `status --watch --json` beside `kubectl get pod -w -o json`: when each printed the UID of a new pod, and that it is ready. */
export async function watchRow(world: RealWorld, { deletions }: { deletions: number }): Promise<Figure[]> {
  const { user } = await userWithProfiles(world, 1);
  await using _user = user;
  await using _daemon = await Daemon.ready(user);
  await user.ok('up', 't0');
  await using ours = user.start('status', '--watch', '--json');
  const { kubeconfig, namespace } = world;
  const words = ['--kubeconfig', kubeconfig, '-n', namespace, 'get', 'pod', 'net-0', '-w', '-o', 'json'];
  await using theirs = new Lines(spawn('kubectl', words, { stdio: ['ignore', 'pipe', 'pipe'] }));
  await ours.first((line) => line.includes('"ready"'));
  await theirs.first((line) => uidOf(line) !== undefined);

  const [seen, ready]: [number[], number[]] = [[], []];
  for (let deletion = 0; deletion < deletions; deletion++) {
    const [ourLines, theirLines] = [ours.all.length, theirs.all.length];
    const known = new Set(theirs.all.flatMap(({ text }) => uidOf(text) ?? []));
    await world.recreatePod();
    const recreated = await theirs.first((line) => isNew(uidOf(line), known), theirLines);
    const uid = uidOf(recreated.text)!;
    const shown = await ours.first((line) => line.includes(uid), ourLines);
    const served = await ours.first(
      (line) => line.includes(uid) && line.includes('"shown":"ready"'),
      ourLines,
    );
    const isReady = await theirs.first(
      (line) => /^ +"ready": true,?$/.test(line),
      theirs.all.indexOf(recreated),
    );
    seen.push(shown.atMs - recreated.atMs);
    ready.push(served.atMs - isReady.atMs);
    await sleep(betweenMs);
  }
  return [
    ...spread("a new pod's UID in `status --watch` after kubectl's watch shows it, ms", seen, 100),
    ...spread("that it is ready after kubectl's watch shows that, ms", ready, 100),
  ];
}

/** Of any object in kubectl's JSON, also the owner's. */
function uidOf(line: string): string | undefined {
  return /^ +"uid": "([0-9a-f-]{36})"/.exec(line)?.[1];
}

function isNew(uid: string | undefined, known: ReadonlySet<string>): boolean {
  return uid !== undefined && !known.has(uid);
}

const lines = 8;
/** Up to how long after the daemon answers it is killed, ms: while it brings tunnels back, and later. */
const killedWithinMs = 400;

/**
 * kill -9 at random moments, in the middle of traffic and of commands that change what is wanted. Each time the next daemon is started
 * and must have all of it again.
 */
export async function killRow(
  world: World,
  { tunnels, kills }: { tunnels: number; kills: number },
): Promise<Figure[]> {
  const { user, names } = await userWithProfiles(world, tunnels + 1);
  await using _user = user;
  const kept = names.slice(0, tunnels);
  const moving = names.at(-1)!;
  let daemon = await Daemon.ready(user);
  await using _last = { [Symbol.asyncDispose]: () => daemon.kill() };
  const ports = await broughtUp(daemon, kept);
  const [bound, served]: [number[], number[]] = [[], []];
  let lost = 0;
  for (let kill = 0; kill < kills; kill++) {
    const traffic = new Load(lines, () => readLine(ports[kill % ports.length]!));
    const changes = changing(daemon, moving);
    await sleep(Math.random() * killedWithinMs);
    await daemon.kill();
    await Promise.all([traffic.finish(), changes]);

    daemon = new Daemon(user);
    await Promise.all(ports.map((port) => accepts({ port })));
    bound.push(daemon.ageMs);
    await firstByteMs({ host: '127.0.0.1', port: ports[kill % ports.length]! });
    served.push(daemon.ageMs);
    await daemon.answers();
    await using control = daemon.control();
    const { tunnels: all } = await control.call('tunnels', {});
    const isBack = (name: string, index: number) =>
      all.some(
        (tunnel) => tunnel.name === name && tunnel.wanted === 'on' && tunnel.localPort === ports[index],
      );
    if (!kept.every(isBack) || all.length !== names.length) lost++;
  }
  return [
    ...spread(
      `kill -9 during traffic: from the next start to the ports of ${tunnels} tunnels, ms`,
      bound,
      1_000,
    ),
    ...spread('kill -9 during traffic: from the next start to the first byte, ms', served, 1_000),
    {
      title: `of ${kills} kills: those after which something wanted, a port or a profile was lost`,
      value: lost,
      limit: 0,
    },
  ];
}

async function broughtUp(daemon: Daemon, names: readonly string[]): Promise<number[]> {
  await using control = daemon.control();
  const { outcomes } = await control.call('up', { names: [...names], waitMs: 60_000 });
  return outcomes.map(({ tunnel }) => tunnel!.localPort!);
}

/** Takes one tunnel up and down until the daemon is gone. */
async function changing(daemon: Daemon, name: string): Promise<void> {
  await using control = daemon.control();
  try {
    for (;;) {
      await control.call('up', { names: [name] });
      await control.call('down', { names: [name] });
    }
  } catch {
    // It was killed.
  }
}
