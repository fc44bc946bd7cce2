import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks a second, as Linux reports them to programs on every machine. */
const ticksPerSecond = 100;

export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMib: number;
}

/** What a process and all below it have used so far: CPU time with that of children that ended, and memory held now. Linux only. */
export function usageOf(pid: number): Usage {
  const own = read(pid);
  return childrenOf(pid)
    .map(usageOf)
    .reduce(
      (sum, child) => ({
        cpuSeconds: sum.cpuSeconds + child.cpuSeconds,
        residentMib: sum.residentMib + child.residentMib,
      }),
      own,
    );
}

function read(pid: number): Usage {
  const stat = textOf(`/proc/${pid}/stat`);
  // Fields after the name in brackets, which may hold anything: utime, stime, cutime and cstime are numbers 14 to 17 of proc(5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`));
  return { cpuSeconds: ticks / ticksPerSecond, residentMib: Number(resident?.[1] ?? 0) / 1024 };
}

function childrenOf(pid: number): number[] {
  const tasks = listOf(`/proc/${pid}/task`);
  const children = tasks.flatMap((task) => textOf(`/proc/${pid}/task/${task}/children`).split(' '));
  return children.map(Number).filter((child) => child > 0);
}

/** Empty for a process that has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
