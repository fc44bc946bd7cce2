/**
 * Bundles the program into dist/: sallyport.js is a few lines that any Node can parse and that refuse an old one; what a command needs
 * is loaded from chunks beside it, so that a short command never pays for a long one.
 */
import { rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { commonOptions, programOptions } from './bundle-options.ts';

const outdir = new URL('../dist/', import.meta.url).pathname;

await rm(outdir, { recursive: true, force: true });
// The entry stands alone, without the plugin: an old Node lacks getBuiltinModule and must still get its sentence.
await build({
  ...commonOptions,
  outdir,
  entryPoints: { sallyport: 'src/cli/sallyport.ts' },
  external: ['./main.ts', './main.js'],
});
await build({ ...programOptions, outdir, entryPoints: { main: 'src/cli/main.ts' } });
