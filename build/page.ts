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

/** Compressed, views that are loaded later included. */
const limitsKiB = { js: 240, css: 16 } as const;

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

const sizesKiB = { js: 0, css: 0 };
const assets = join(outDir, 'assets');
for (const name of await readdir(assets)) {
  const kind = name.endsWith('.js') ? 'js' : name.endsWith('.css') ? 'css' : undefined;
  if (kind) sizesKiB[kind] += gzipSync(await readFile(join(assets, name))).length / 1024;
}
for (const kind of ['js', 'css'] as const) {
  const isOver = sizesKiB[kind] > limitsKiB[kind];
  process.stdout.write(
    `page: ${sizesKiB[kind].toFixed(1)} KiB of ${kind}, compressed, ${isOver ? 'more than the' : 'of at most'} ${limitsKiB[kind]}\n`,
  );
  if (isOver) process.exitCode = 1;
}
