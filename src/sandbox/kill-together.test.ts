import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { killTogether } from './kill-together.ts';

test.runIf(process.platform === 'linux')(
  'no child lives to see that the first process has gone, which starts no other meanwhile',
  async () => {
    const script = 'sleep 60 & echo $!; sleep 60 & echo $!; wait';
    const first = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const children: number[] = [];
    for await (const line of createInterface({ input: first.stdout })) {
      children.push(Number(line));
      if (children.length === 2) break;
    }
    const exited = once(first, 'exit');
    const kill = vi.spyOn(process, 'kill');
    killTogether(first.pid!);
    const [, ...ends] = kill.mock.calls;
    expect(kill.mock.calls[0]).toEqual([first.pid, 'SIGSTOP']);
    expect(ends.slice(0, 2).map(([pid]) => pid)).toEqual(children);
    expect(ends.at(-1)?.[0]).toBe(first.pid);
    expect(ends.map(([, signal]) => signal)).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
    kill.mockRestore();
    expect(await exited).toEqual([null, 'SIGKILL']);
  },
);
