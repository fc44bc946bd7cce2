import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import type { ProfileSnapshot } from '../../contract/profile-snapshot.ts';
import type { Imported } from '../../profile/import/imported.ts';
import type { Cli } from '../cli.ts';
import { editFile, fileToEdit, tellDaemon } from '../edited-profile.ts';
import { printJson } from '../print-json.ts';
import { openProfiles } from '../profile-files.ts';
import { currentContext } from '../profile-flags.ts';
import { table } from '../table.ts';

interface ImportFlags {
  readonly context?: string;
  readonly namespace?: string;
  readonly project: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const examples = `
Examples:
  sallyport profile import kftray.json
  pbpaste | sallyport profile import -
  sallyport profile import -- kubectl port-forward -n data sts/postgres 15432:5432`;

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Imports profiles, and lists what could not be carried over. Names and local ports that are taken are not touched.',
    )
    .argument('[file]', 'an export of kftray or kube-forwarder; - is standard input')
    .argument('[line...]', 'after --: a kubectl port-forward command')
    .usage('[options] [file | -- kubectl port-forward ...]')
    .option('--context <name>', 'for what names no context; else the current one')
    .option('-n, --namespace <name>', 'for what names no namespace')
    .option('--project', "to the project's sallyport.yaml instead of your own file", false)
    .option('--dry-run', 'show what would be imported, and write nothing', false)
    .option('--json', 'print what was imported as JSON', false)
    .addHelpText('after', examples)
    .action((file: string | undefined, _line: string[], flags: ImportFlags) =>
      importProfiles(file, flags, cli),
    );
}

async function importProfiles(given: string | undefined, flags: ImportFlags, cli: Cli): Promise<void> {
  const text = await textToImport(given, cli);
  const current = await currentContext(cli, flags.context).catch((error) => {
    // What is imported may name its own.
    if (flags.context !== undefined) throw error;
    return undefined;
  });
  await using store = await openProfiles(cli);
  const file = await fileToEdit(flags.project, cli);
  await store.addProject(cli.cwd);
  const namespace = flags.namespace ?? current?.namespace;
  const { importText } = await import('../../profile/import/import-text.ts');
  const imported = importText(text, {
    ...taken(await store.load()),
    context: current?.context,
    ...(namespace !== undefined && { namespace }),
  });
  if (!flags.dryRun) {
    for (const { name, profile } of imported.profiles) {
      await editFile(store, { kind: 'add', name, profile }, file);
    }
    await tellDaemon(cli);
  }
  const { dryRun } = flags;
  if (flags.json) {
    const { profiles, notCarried } = imported;
    return printJson(cli, 'profile import', {
      file,
      dryRun,
      profiles: [...profiles],
      notCarried: [...notCarried],
    });
  }
  cli.stdout.write(importedText(imported, { file, dryRun }));
}

/** A kubectl line is passed on word by word: each is quoted, as the shell had taken the quotes away. */
async function textToImport(given: string | undefined, cli: Cli): Promise<string> {
  const at = cli.argv.indexOf('--');
  if (at >= 0) {
    const { quoteWord } = await import('../../connection-string/shell-quoting.ts');
    return cli.argv
      .slice(at + 1)
      .map((word) => quoteWord(word, 'sh'))
      .join(' ');
  }
  if (given === '-' || (given === undefined && !cli.stdin.isTTY)) return cli.readStdin();
  if (given === undefined) {
    throw new AppError('SP-USAGE', {
      message: 'name the file to import',
      next: `${cli.program} profile import --help`,
    });
  }
  try {
    return await readFile(resolve(cli.cwd, given), 'utf8');
  } catch (error) {
    throw new AppError(
      'SP-IMPORT',
      { message: (error as Error).message, next: 'name a file that can be read' },
      error,
    );
  }
}

function taken({ profiles, refused }: ProfileSnapshot) {
  const own = profiles.map(({ name }) => name);
  const broken = refused.map(({ id }) => id.slice(id.lastIndexOf('/') + 1));
  const ports = profiles.flatMap(({ profile: { local } }) =>
    typeof local === 'number' ? [local] : local && 'port' in local ? [local.port] : [],
  );
  return { takenNames: [...own, ...broken], takenPorts: ports };
}

function importedText(
  { profiles, notCarried }: Imported,
  { file, dryRun }: { file: string; dryRun: boolean },
): string {
  const rows = profiles.map(({ name, profile: { kind = 'tcp', namespace, target, port, local } }) => [
    name,
    kind,
    `${namespace}/${target}:${port}`,
    local === undefined
      ? ''
      : typeof local === 'number'
        ? `:${local}`
        : 'port' in local
          ? `:${local.port}`
          : local.socket,
  ]);
  const parts = [
    profiles.length > 0 ? table(['PROFILE', 'KIND', 'TARGET', 'LOCAL'], rows) : '',
    profiles.length === 0
      ? 'Nothing could be imported.\n'
      : dryRun
        ? `Nothing was written; they would go to ${file}\n`
        : `Written to ${file}\n`,
    notCarried.length > 0 ? '\nNot carried over:\n' : '',
    ...notCarried.map(({ what, reason }) => `  ${what}: ${reason}\n`),
  ];
  return parts.join('');
}
