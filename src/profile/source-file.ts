import { readdir, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { whyNotOwn } from '../base/file-owner.ts';
import { plain } from '../base/plain.ts';
import { readBounded } from '../base/read-bounded.ts';
import { maxProfileFileBytes } from './read-profile-file.ts';

/** One file of a source: its text, or why it is not read. */
export type SourceFile =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly why: string };

export type SourceFiles =
  | { readonly state: 'read'; readonly files: readonly SourceFile[] }
  | { readonly state: 'absent' }
  | { readonly state: 'unreadable'; readonly why: string };

export const maxSourceFiles = 100;

export interface OwnFile {
  /** The user's id; undefined where the platform has none. */
  readonly uid: number | undefined;
}

/** Hidden files are editors' and our own temporary ones. */
export function isProfileFileName(name: string): boolean {
  return /^[^.].*\.ya?ml$/.test(name);
}

/** A shared file may be anybody's: it does not count before its user agrees. `own`: the user's own must be theirs alone to write. */
export async function readSourceFile(path: string, own?: OwnFile): Promise<SourceFiles> {
  const read = await readBounded(path, maxProfileFileBytes, own && ((found) => whyNotOwn(found, own.uid)));
  switch (read.kind) {
    case 'text':
      return { state: 'read', files: [{ file: path, text: read.text }] };
    case 'absent':
      return { state: 'absent' };
    case 'refused':
      return { state: 'read', files: [{ file: path, why: read.why }] };
  }
}

/** The *.yaml files right in a folder, by name. A link that leads out of it is not followed. */
export async function readSourceFolder(folder: string): Promise<SourceFiles> {
  let names: string[];
  let root: string;
  try {
    root = await realpath(folder);
    names = (await readdir(root)).filter(isProfileFileName).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { state: 'absent' };
    return { state: 'unreadable', why: `${folder} cannot be read (${code})` };
  }
  const files: SourceFile[] = [];
  // Its name is shown where somebody agrees to what it holds, and may be a stranger's.
  for (const name of names.slice(0, maxSourceFiles))
    files.push(await readInside(root, plain(join(folder, name)), name));
  if (names.length > maxSourceFiles) {
    files.push({
      file: folder,
      why: `holds more than ${maxSourceFiles} files; those after ${plain(names[maxSourceFiles - 1]!)} are not read`,
    });
  }
  return { state: 'read', files };
}

async function readInside(root: string, file: string, name: string): Promise<SourceFile> {
  const real = await realpath(join(root, name)).catch(() => undefined);
  if (real === undefined) return { file, why: 'is a link that leads nowhere' };
  if (!real.startsWith(root.endsWith(sep) ? root : root + sep))
    return { file, why: 'is a link that leads out of its folder' };
  const read = await readBounded(real, maxProfileFileBytes);
  switch (read.kind) {
    case 'text':
      return { file, text: read.text };
    case 'absent':
      return { file, why: 'went away while it was read' };
    case 'refused':
      return { file, why: read.why };
  }
}
