import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { isAlive, startOf } from '../base/process-identity.ts';
import { acquireInstanceLock } from './instance-lock.ts';

let folder: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'instance-lock-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const acquire = () => acquireInstanceLock({ folder, version: '1.2.3', clock: systemClock });

/** A process that lives until killed, for whom a claim can be left behind. */
async function bystander(): Promise<{ pid: number; end: () => Promise<void> }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
  children.push(child);
  await once(child, 'spawn');
  return {
    pid: child.pid!,
    async end() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

it('is one for all, says who has it, and is free again', async () => {
  const first = await acquire();
  await expect(acquire()).rejects.toMatchObject({
    code: 'SP-DAEMON-RUNNING',
    details: { pid: process.pid, version: '1.2.3' },
  });
  await first[Symbol.asyncDispose]();
  await (await acquire())[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual([]);
});

it('goes to one of many that come at once', async () => {
  const won = await Promise.allSettled(Array.from({ length: 12 }, acquire));
  expect(won.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

it('does not belong to the dead, nor to a later process with their pid', async () => {
  const { pid, end } = await bystander();
  await acquireInstanceLock({ folder, version: '1', clock: systemClock, pid });
  await expect(acquire()).rejects.toMatchObject({ details: { pid } });
  await end();
  await using _ = await acquire();
  const mine = (await startOf(process.pid))!;
  expect(await isAlive({ pid: process.pid, start: mine })).toBe(true);
  expect(await isAlive({ pid: process.pid, start: `${mine}0` })).toBe(false);
});

it('is not stopped by half a claim of a process that died', async () => {
  const { pid, end } = await bystander();
  await end();
  await writeFile(join(folder, `claim.${pid}.aa`), '{"pid":');
  await writeFile(join(folder, `claim.${pid}.bb.new`), '');
  await using _ = await acquire();
  expect(await readdir(folder)).toHaveLength(1);
});
