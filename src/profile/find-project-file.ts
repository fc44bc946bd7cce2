import { lstat, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export const projectFileName = 'sallyport.yaml';

export interface FoundProject {
  readonly file: string | undefined;
  /** The last folder that was looked in, and why there. */
  readonly searchedUpTo: string;
  readonly stoppedAt: 'file' | 'home' | 'root';
  /** Files of that name that were passed over, because they belong to another user. */
  readonly passedOver: readonly string[];
}

export interface ProjectSearch {
  readonly from: string;
  readonly home: string;
  /** The user's id; undefined where the platform has none. */
  readonly uid?: number | undefined;
}

/**
 * The nearest sallyport.yaml from a folder upward, home included and nothing above it. One that another user owns is passed over:
 * /tmp and shared drives are places where anybody can leave one.
 */
export async function findProjectFile({ from, home, uid }: ProjectSearch): Promise<FoundProject> {
  const passedOver: string[] = [];
  let folder = resolve(from);
  const last = resolve(home);
  for (;;) {
    const file = join(folder, projectFileName);
    const owners = await ownersOf(file);
    if (owners.length > 0) {
      const isOurs = uid === undefined || owners.every((owner) => owner === uid || owner === 0);
      if (isOurs) return { file, searchedUpTo: folder, stoppedAt: 'file', passedOver };
      passedOver.push(file);
    }
    if (folder === last) return { file: undefined, searchedUpTo: folder, stoppedAt: 'home', passedOver };
    if (dirname(folder) === folder)
      return { file: undefined, searchedUpTo: folder, stoppedAt: 'root', passedOver };
    folder = dirname(folder);
  }
}

/** Of the file and of the link to it, where it is one; none where there is no such file. */
async function ownersOf(file: string): Promise<number[]> {
  try {
    const [link, target] = [await lstat(file), await stat(file)];
    return target.isFile() ? [link.uid, target.uid] : [];
  } catch {
    return [];
  }
}
