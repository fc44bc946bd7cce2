/** What many tunnels cost a daemon. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from './daemon-figure.ts';
import { Daemon, userWithProfiles } from './daemon-subject.ts';
import type { World } from './daemon-world.ts';
import { usageOf } from './process-usage.ts';

/** Until what a start leaves behind has been collected. */
const restMs = 5_000;

export async function idleRow(
  world: World,
  { count, seconds }: { count: number; seconds: number },
): Promise<Figure[]> {
  const { user, names } = await userWithProfiles(world, count);
  await using _user = user;
  await using daemon = await Daemon.ready(user);
  const startMs = daemon.ageMs;
  const emptyMib = usageOf(daemon.pid).residentMib;
  await using control = daemon.control();
  await control.call('up', { names: [...names], waitMs: 60_000 });
  await sleep(restMs);
  const before = usageOf(daemon.pid);
  const wokenBefore = voluntarySwitches(daemon.pid);
  await sleep(seconds * 1_000);
  const after = usageOf(daemon.pid);
  const on = `on the ${world.name}`;
  return [
    { title: `start of the daemon to its first answer ${on}, ms`, value: startMs },
    { title: `resident without a tunnel ${on}, MiB`, value: emptyMib },
    { title: `resident with ${count} idle tunnels ${on}, MiB`, value: after.residentMib, limit: 90 },
    {
      title: `CPU of ${count} idle tunnels ${on}, ms in ${seconds} s`,
      value: (after.cpuSeconds - before.cpuSeconds) * 1_000,
    },
    {
      title: `wake-ups of ${count} idle tunnels ${on}, in ${seconds} s`,
      value: voluntarySwitches(daemon.pid) - wokenBefore,
    },
    ...(world.openWatches
      ? [{ title: `open watches of ${count} tunnels ${on}`, value: world.openWatches(), limit: 1 }]
      : []),
  ];
}

export async function manyRow(world: World, { count }: { count: number }): Promise<Figure[]> {
  const { user, names } = await userWithProfiles(world, count);
  await using _user = user;
  await using daemon = await Daemon.ready(user);
  await using control = daemon.control();
  const beganMs = performance.now();
  await control.call('up', { names: [...names] });
  const boundMs = performance.now() - beganMs;
  const { outcomes } = await control.call('up', { names: [...names], waitMs: 60_000 });
  const readyMs = performance.now() - beganMs;
  const ready = outcomes.filter(({ tunnel }) => tunnel?.shown === 'ready').length;
  const on = `on the ${world.name}`;
  return [
    { title: `${count} tunnels ${on}: ports bound and saved, ms`, value: boundMs },
    { title: `${count} tunnels ${on}: all ready, ms`, value: readyMs, limit: 2_000 },
    { title: `${count} tunnels ${on}: not ready`, value: count - ready, limit: 0 },
    { title: `resident with ${count} tunnels ${on}, MiB`, value: usageOf(daemon.pid).residentMib },
  ];
}

/** Times that the main thread went to sleep and was woken, as Linux counts them. */
function voluntarySwitches(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
}
