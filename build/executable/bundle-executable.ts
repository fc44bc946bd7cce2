import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { commonOptions, programOptions } from '../bundle-options.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const carriedFiles = JSON.stringify(join(root, 'src/base/carried-files.ts'));

/**
 * Native add-ons come out of the executable and not from node_modules: what there is in folders above an executable is anybody's. Each
 * library keeps its own code, but for the few lines of it that look for the add-on.
 */
const carriedAddons: Plugin = {
  name: 'carried-addons',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]koffi[\\/]src[\\/]koffi[\\/]src[\\/]static\.js$/ }, () => ({
      contents: `import { loadCarriedAddon } from ${carriedFiles};
export const loadStatic = () => loadCarriedAddon('koffi.node');`,
      resolveDir: root,
    }));
    onLoad({ filter: /[\\/]keytar[\\/]lib[\\/]keytar\.js$/ }, async ({ path }) => {
      const { readFile } = await import('node:fs/promises');
      const text = await readFile(path, 'utf8');
      const search = 'var keytar = loadNativeAddon();';
      if (!text.includes(search)) throw new Error('keytar finds its add-on in another way now');
      const loaded = `var keytar = require(${carriedFiles}).loadCarriedAddon('keytar.node');`;
      return { contents: text.replace(search, loaded), resolveDir: root };
    });
  },
};

/** One CommonJS file: the main script of a single executable is that, and can load nothing else but Node's own modules. */
export async function bundleExecutable(outfile: string): Promise<void> {
  const { splitting: _, chunkNames: __, banner: ___, plugins, external, ...options } = programOptions;
  await build({
    ...options,
    outfile,
    format: 'cjs',
    // Of the Node that it is built from, and of no other.
    target: `node${process.versions.node}`,
    entryPoints: [join(root, 'src/cli/executable.ts')],
    absWorkingDir: root,
    external: external.filter((name) => name !== 'keytar' && name !== '@koromix/*'),
    plugins: [carriedAddons, ...plugins],
    // There is no file of its own; what is built into it is found by nobody's path.
    define: { 'import.meta.url': '__executableUrl', 'import.meta.dirname': '__executableFolder' },
    banner: {
      js: "const __executableFolder=require('node:path').dirname(process.execPath),__executableUrl=require('node:url').pathToFileURL(process.execPath).href;",
    },
    sourcemap: false,
    minifyWhitespace: true,
  });
}

/** The SQL parser in one file: a thread loads it by its path. */
export async function bundleParser(outfile: string): Promise<void> {
  await build({
    ...commonOptions,
    entryPoints: ['libpg-query'],
    outfile,
    absWorkingDir: root,
    format: 'cjs',
    mainFields: ['main'],
    conditions: ['require'],
    sourcemap: false,
  });
}
