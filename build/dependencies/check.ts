import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';

/**
 * Checks the arrows between folders, and that they were checked: dependency-cruiser that cannot read TypeScript finds no modules and
 * reports success. So each source file on disk must be among the modules that it read, and imports must have been found in them.
 */
const root = process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url));
process.chdir(root);

const folders = ['src', 'test', 'build', 'electron', 'renderer'];
const rules = (await import(pathToFileURL(join(root, '.dependency-cruiser.mjs')).href)).default;

const onDisk = await sourceFiles();
const { options, forbidden } = rules as { options: ICruiseOptions; forbidden: IForbiddenRuleType[] };
const { output } = await cruise([...new Set(onDisk.map((file) => file.split('/')[0]!))], {
  ...options,
  validate: true,
  ruleSet: { forbidden },
});
const { modules, summary } = output as ICruiseResult;

const complaints = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
const read = new Set(modules.map(({ source }) => source));
for (const file of onDisk) if (!read.has(file)) complaints.push(`not read: ${file}`);
const arrows = modules.flatMap(({ source, dependencies }) =>
  dependencies
    .filter(({ resolved }) => /^(src|test)\//.test(resolved))
    .map(({ resolved }) => `${source} -> ${resolved}`),
);
if (arrows.length === 0) complaints.push('no import between source files was found');

for (const complaint of complaints) process.stderr.write(`${complaint}\n`);
process.stdout.write(
  `dependencies: ${onDisk.length} files, ${arrows.length} imports between them, ${complaints.length} complaints\n`,
);
process.exitCode = complaints.length > 0 ? 1 : 0;

async function sourceFiles(): Promise<string[]> {
  const found = await Promise.all(
    folders.map((folder) => readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])),
  );
  return found
    .flat()
    .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
    .map((entry) => relative('.', join(entry.parentPath, entry.name)));
}
