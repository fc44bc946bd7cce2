import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * What a Postgres has outside its data folder is one small segment of System V; its other shared memory is a file there, by this setting. Both
 * end with it, unless it is killed.
 */
export const sharedMemorySettings = { dynamic_shared_memory_type: 'mmap' } as const;

/**
 * Removes the segment that a killed server has left, which else stays until the machine restarts: one that starts anew with the same data does so
 * itself. Best effort. No server may run on that data.
 */
export async function removeSharedMemory(dataDir: string): Promise<void> {
  try {
    // A lock file is left by a killed server alone; its seventh line is the segment's key and id.
    const lock = await readFile(join(dataDir, 'postmaster.pid'), 'utf8');
    const id = lock.split('\n')[6]?.trim().split(/ +/)[1];
    if (id) await run('ipcrm', ['-m', id]);
  } catch {
    // There is no such file, segment or program.
  }
}
