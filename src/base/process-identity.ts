import { readFile } from 'node:fs/promises';

/**
 * What tells a process from a later one with the same pid: the boot and the tick it started in (proc(5), field 22). Undefined where it
 * has ended, and where the platform does not tell; there the pid has to do.
 */
export async function startOf(pid: number): Promise<string | undefined> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    ]);
    // The name in brackets may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Ended, and only not yet collected by its parent: in a container without an init that may take for ever.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${boot.trim()} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the process that had this pid and start still lives. */
export async function isAlive({ pid, start }: { pid: number; start?: string | undefined }): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is one, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === undefined || (await startOf(pid)) === start;
}
