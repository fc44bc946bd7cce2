import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-arrows-'));
  await copyFile(join(root, '.dependency-cruiser.mjs'), join(dir, '.dependency-cruiser.mjs'));
});

afterEach(() => rm(dir, { recursive: true, force: true }));

/** Writes a small source tree and runs the check over it. */
async function check(files: Readonly<Record<string, string>>): Promise<{ code: number; output: string }> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(root, 'build/dependencies/check.ts'), dir],
      (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stderr + stdout }),
    );
  });
}

const leaf = 'export interface Leaf {}\nexport const leaf = 1;\n';
const imports = (path: string) => `import { leaf } from '${path}';\nexport const own = leaf;\n`;
const importsType = (path: string) => `import type { Leaf } from '${path}';\nexport type Own = Leaf;\n`;
const importsLazily = (path: string) => `export const own = () => import('${path}');\n`;

test('allowed arrows pass, also types and await import() where the table says so', async () => {
  const { code, output } = await check({
    'src/contract/leaf.ts': leaf,
    'src/kube/leaf.ts': leaf,
    'src/engine/leaf.ts': leaf,
    'src/base/own.ts': imports('../contract/leaf.ts'),
    'src/target/own.ts': importsType('../kube/leaf.ts'),
    'src/cli/own.ts': importsLazily('../engine/leaf.ts'),
  });
  expect(output).toBe('dependencies: 6 files, 3 imports between them, 0 complaints\n');
  expect(code).toBe(0);
});

test.each([
  ['src/tunnel', 'src-tunnel', imports('../kube/leaf.ts')],
  ['src/tunnel', 'src-tunnel', importsType('../kube/leaf.ts')],
  ['src/tunnel', 'src-tunnel', importsLazily('../kube/leaf.ts')],
  ['src/target', 'src-target-types', imports('../kube/leaf.ts')],
  ['src/cli', 'src-cli-types', imports('../engine/leaf.ts')],
  ['src/cli', 'src-cli-types', imports('../kube/leaf.ts')],
  ['src/cli', 'src-cli', imports('../tunnel/leaf.ts')],
  ['src/novel', 'src-folder-unknown', imports('../kube/leaf.ts')],
  ['src/kube', 'src-not-from-test-or-build', imports('../../test/leaf.ts')],
  ['build/any', 'build-not-from-src', imports('../../src/kube/leaf.ts')],
  ['src/kube', 'no-unresolved', imports('./absent.ts')],
  ['src/kube', 'no-cycles', "import './own.ts';\nimport './back.ts';\n"],
])('%s: the rule %s refuses an arrow against the table', async (folder, rule, text) => {
  const { code, output } = await check({
    'src/kube/leaf.ts': leaf,
    'src/engine/leaf.ts': leaf,
    'src/tunnel/leaf.ts': leaf,
    'test/leaf.ts': leaf,
    'src/kube/back.ts': "import './own.ts';\n",
    'src/kube/own.ts': leaf,
    [`${folder}/own.ts`]: text,
  });
  expect(output).toContain(`${rule}: ${folder}/own.ts -> `);
  expect(code).toBe(1);
});

test('a tree in which nothing is imported is not a success', async () => {
  const { code, output } = await check({ 'src/kube/leaf.ts': leaf });
  expect(output).toContain('no import between source files was found');
  expect(code).toBe(1);
});
