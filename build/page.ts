/**
 * Builds the window's page into dist/renderer, for the daemon and for Electron; says how large it is, and fails where that is more than it
 * may be. Nothing in the page is inline: its policy allows no such thing.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import manifest from '../package.json' with { type: 'json' };

/** Compressed: what the first paint takes, and all of it with the views that are loaded later. */
const limitsKiB = { first: 240, all: 380 } as const;

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const outDir = at('../dist/renderer');

await build({
  configFile: false,
  root: at('../renderer'),
  base: './',
  plugins: [react(), tailwindcss()],
  define: { __SALLYPORT_VERSION__: JSON.stringify(manifest.version) },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Compressed size is what is watched, below.
    chunkSizeWarningLimit: 2_000,
  },
  logLevel: 'warn',
});

const assets = join(outDir, 'assets');
const index = await readFile(join(outDir, 'index.html'), 'utf8');
const sizesKiB = { first: 0, all: 0 };
for (const name of await readdir(assets)) {
  if (!/\.(js|css)$/.test(name)) continue;
  const sizeKiB = gzipSync(await readFile(join(assets, name))).length / 1024;
  sizesKiB.all += sizeKiB;
  if (index.includes(name)) sizesKiB.first += sizeKiB;
}
for (const part of ['first', 'all'] as const) {
  const isOver = sizesKiB[part] > limitsKiB[part];
  const what = part === 'first' ? 'for its first paint' : 'in all';
  process.stdout.write(
    `page: ${sizesKiB[part].toFixed(1)} KiB ${what}, compressed, ${isOver ? 'more than the' : 'of at most'} ${limitsKiB[part]}\n`,
  );
  if (isOver) process.exitCode = 1;
}
