import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { carriedFolder, isSingleExecutable } from '../base/carried-files.ts';

/** Seen from main.js, from its chunks, and from the source. */
const places = ['./renderer', '../renderer', '../../dist/renderer'];

/** The folder of the window's page; undefined where it was not built. */
export function builtPage(): string | undefined {
  if (isSingleExecutable()) return carriedFolder('page/');
  return places
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((folder) => existsSync(join(folder, 'index.html')));
}
