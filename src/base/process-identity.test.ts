import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isAlive, startOf } from './process-identity.ts';

describe.runIf(process.platform === 'linux')('a process', () => {
  it('lives as long as its pid has the start it was known by', async () => {
    const start = await startOf(process.pid);
    expect(start).toMatch(/ \d+$/);
    expect(await isAlive({ pid: process.pid, start })).toBe(true);
    expect(await isAlive({ pid: process.pid, start: 'an earlier one' })).toBe(false);
  });

  it('that has ended is dead, also while nobody has collected it', async () => {
    // The shell becomes a program that never waits for the child that it was left with.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await expect.poll(() => readFile(`/proc/${pid}/stat`, 'latin1')).toContain(') Z ');
    expect(process.kill(pid, 0)).toBe(true);
    expect(await startOf(pid)).toBeUndefined();
    expect(await isAlive({ pid, start: 'as it was' })).toBe(false);
    parent.kill();
    await once(parent, 'close');
  });
});
