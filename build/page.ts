/** Builds the window's page into dist/renderer, says how large it is, and fails where that is more than it may be. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Compressed. What it takes on the first paint, views that are loaded later included. */
const limitsKiB = { js: 220, css: 16 } as const;

const root = fileURLToPath(new URL('../', import.meta.url));
await build({ configFile: join(root, 'renderer/vite.config.ts') });

const assets = join(root, 'dist/renderer/assets');
const sizesKiB = { js: 0, css: 0 };
for (const name of await readdir(assets)) {
  const kind = name.endsWith('.js') ? 'js' : name.endsWith('.css') ? 'css' : undefined;
  if (kind) sizesKiB[kind] += gzipSync(await readFile(join(assets, name))).length / 1024;
}
for (const kind of ['js', 'css'] as const) {
  const isOver = sizesKiB[kind] > limitsKiB[kind];
  process.stdout.write(
    `page: ${sizesKiB[kind].toFixed(1)} KiB of ${kind}, compressed; ${isOver ? 'more than' : 'of at most'} ${limitsKiB[kind]}\n`,
  );
  if (isOver) process.exitCode = 1;
}
