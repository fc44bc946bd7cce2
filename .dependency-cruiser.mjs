import { builtinModules } from 'node:module';

/**
 * The arrows of the architecture: what each folder of src may import, by folder. A folder that is not named here may import nothing,
 * so that a new one has to be entered. `lazy` are those that only `await import()` and types may reach.
 */
const folders = {
  contract: { may: [] },
  base: { may: ['contract'] },
  kube: { may: ['base', 'contract'] },
  target: { may: ['base', 'contract'], types: ['kube'] },
  transport: { may: ['base', 'contract', 'kube'] },
  postgres: { may: ['base', 'contract'] },
  tunnel: { may: ['base', 'contract'] },
  audit: { may: ['base', 'contract'] },
  profile: { may: ['base', 'contract', 'credential'], types: ['kube'] },
  credential: { may: ['base', 'contract'] },
  secret: { may: ['base', 'contract', 'credential'] },
  peer: { may: ['base', 'contract'] },
  'connection-string': { may: ['base', 'contract'] },
  metrics: { may: ['base', 'contract'] },
  certificate: { may: [] },
  sandbox: { may: ['base', 'contract', 'certificate'] },
  engine: { may: ['base', 'contract', 'kube', 'target', 'transport', 'postgres', 'tunnel', 'peer'] },
  client: { may: ['base', 'contract'] },
  cli: {
    may: ['client', 'base', 'contract', 'profile', 'connection-string', 'secret', 'audit'],
    types: ['engine', 'sandbox', 'daemon', 'kube', 'target'],
    lazy: ['engine', 'sandbox', 'daemon', 'kube', 'target'],
  },
};
// The daemon wires everything but the command line.
folders.daemon = { may: Object.keys(folders).filter((name) => name !== 'cli') };

const browserSafe = [
  '^src/contract/',
  '^src/client/(control|control-view|log-line-parts|(page|bridge)-control|[a-z]+-words|audit-policy)\\.ts$',
  '^src/base/(app-error|clock|duration)\\.ts$',
];

const anyOf = (names) => `^src/(${names.join('|')})/`;
/** Unit tests and what they share stand beside their source, and do not ship. */
const unitTests = '\\.(test|fixture)\\.tsx?$';

const arrows = Object.entries(folders).map(([name, { may, types = [], lazy = [] }]) => ({
  name: `src-${name}`,
  comment: `src/${name} may import ${may.join(', ') || 'no other folder'}${types.length ? `; types of ${types.join(', ')}` : ''}.`,
  severity: 'error',
  from: { path: anyOf([name]), pathNot: unitTests },
  to: { path: '^src/', pathNot: anyOf([name, ...may, ...types, ...lazy]) },
}));

const onlyTypes = Object.entries(folders)
  .filter(([, { types }]) => types)
  .map(([name, { types, lazy = [] }]) => ({
    name: `src-${name}-types`,
    comment: `Of ${types.join(', ')} src/${name} may import types${lazy.length ? ', or await import()' : ' alone'}.`,
    severity: 'error',
    from: { path: anyOf([name]), pathNot: unitTests },
    to: {
      path: anyOf(types),
      dependencyTypesNot: ['type-only', ...(lazy.length ? ['dynamic-import'] : [])],
    },
  }));

export default {
  forbidden: [
    ...arrows,
    ...onlyTypes,
    {
      name: 'src-folder-unknown',
      comment: 'A folder of src that has no entry above may import nothing.',
      severity: 'error',
      from: { path: '^src/', pathNot: [anyOf(Object.keys(folders)), unitTests] },
      to: { path: '^(src|test|build)/' },
    },
    {
      name: 'src-not-from-test-or-build',
      comment: 'What ships knows nothing of what tests or builds it.',
      severity: 'error',
      from: { path: '^src/', pathNot: unitTests },
      to: { path: '^(test|build|electron|renderer)/' },
    },
    {
      name: 'nobody-imports-tests',
      severity: 'error',
      from: { pathNot: [unitTests, '^test/'] },
      to: { path: unitTests },
    },
    {
      name: 'build-not-from-src',
      severity: 'error',
      from: { path: '^build/' },
      to: { path: '^(src|test|electron|renderer)/' },
    },
    {
      name: 'electron',
      severity: 'error',
      from: { path: '^electron/', pathNot: unitTests },
      to: { path: '^(src|renderer|test|build)/', pathNot: anyOf(['client', 'contract', 'base']) },
    },
    {
      name: 'preload',
      comment: 'The preload is in every page: it sees plain data of the contract, and no library.',
      severity: 'error',
      from: { path: '^electron/preload\\.ts$' },
      to: { pathNot: ['^src/contract/(desktop-|shell-of)', 'node_modules/electron/'] },
    },
    {
      name: 'electron-in-few',
      comment: 'What decides anything is pure and takes of Electron its types alone.',
      severity: 'error',
      from: { pathNot: ['^electron/(main|preload|desktop-app|windows|tray)\\.ts$', unitTests] },
      to: { path: 'node_modules/electron/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'renderer',
      comment: "The renderer sees the contract, the client's browser-safe half and what that is made of.",
      severity: 'error',
      from: { path: '^renderer/', pathNot: unitTests },
      to: { path: '^(src|electron|test|build)/', pathNot: browserSafe },
    },
    {
      name: 'renderer-without-node',
      comment: 'What runs in a page reaches no module of Node, however far away.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: unitTests },
      to: { path: `^(node:)?(${builtinModules.join('|')})$`, reachable: true },
    },
    {
      name: 'contract-only-zod',
      severity: 'error',
      from: { path: '^src/contract/', pathNot: unitTests },
      to: { dependencyTypes: ['npm', 'npm-dev', 'core'], pathNot: '/zod/' },
    },
    {
      name: 'client-node-lazily',
      comment:
        '@kubernetes/client-node takes 250 ms to import: only src/kube, and only by await import() or for its types.',
      severity: 'error',
      from: { path: '^src/', pathNot: unitTests },
      to: { path: '@kubernetes/client-node', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'client-node-in-kube',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kube/' },
      to: { path: '@kubernetes/client-node' },
    },
    {
      name: 'no-dev-dependency-ships',
      severity: 'error',
      from: { path: '^src/', pathNot: unitTests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types too: an arrow that the compiler removes is an arrow all the same.
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    // Packages that are ES modules alone are found by their exports.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
