import { basename, dirname } from 'node:path';
import { FolderWatch, type FolderWatchOptions, withTarget } from '../base/folder-watch.ts';

/** Tells when one of these files changes, comes or goes, until disposed. */
export function watchFiles(
  files: readonly string[],
  options: Pick<FolderWatchOptions, 'clock' | 'onChange' | 'onUnwatched'>,
): Disposable {
  const names = new Map<string, Set<string>>();
  for (const file of files.flatMap(withTarget)) {
    const inFolder = names.get(dirname(file)) ?? new Set();
    names.set(dirname(file), inFolder.add(basename(file)));
  }
  const counts = (name: string, folder: string) => names.get(folder)?.has(name) ?? false;
  return new FolderWatch({ ...options, folders: [...names.keys()], counts }).start();
}
