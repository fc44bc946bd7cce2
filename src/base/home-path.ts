import { join } from 'node:path';

/** A path as people write it: `~/` at its begin is the folder of the user. */
export function expandHome(path: string, home: string): string {
  return path.startsWith('~/') ? join(home, path.slice(2)) : path;
}
