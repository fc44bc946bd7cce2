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
    const owner = await ownerOf(file);
    if (owner !== undefined && (uid === undefined || owner === uid || owner === 0)) {
      return { file, searchedUpTo: folder, stoppedAt: 'file', passedOver };
    }
    if (owner !== undefined) passedOver.push(file);
    if (folder === last) return { file: undefined, searchedUpTo: folder, stoppedAt: 'home', passedOver };
    if (dirname(folder) === folder)
      return { file: undefined, searchedUpTo: folder, stoppedAt: 'root', passedOver };
    folder = dirname(folder);
  }
}

/** Of the file and of the link to it, where it is one; undefined where there is no such file. */
async function ownerOf(file: string): Promise<number | undefined> {
  try {
    const [link, target] = [await lstat(file), await stat(file)];
    if (!target.isFile()) return undefined;
    return link.uid === target.uid ? target.uid : Math.max(link.uid, target.uid);
  } catch {
    return undefined;
  }
}
