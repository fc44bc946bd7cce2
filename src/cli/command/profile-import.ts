import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import type { Imported } from '../../profile/import/imported.ts';
import { type Taken, takenBy } from '../../profile/import/taken.ts';
import type { Cli } from '../cli.ts';
import { editFile, fileToEdit, tellDaemon } from '../edited-profile.ts';
import type { PickFlags } from '../pick-object.ts';
import { printJson } from '../print-json.ts';
import { openProfiles } from '../profile-files.ts';
import { currentContext } from '../profile-flags.ts';
import { addressOf, localText, targetWords, warnIfOpen } from '../profile-words.ts';
import { table } from '../table.ts';

interface ImportFlags extends Omit<PickFlags, 'pick'> {
  readonly pick?: string | true;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const examples = `
Examples:
  sallyport profile import kftray.json
  pbpaste | sallyport profile import -
  sallyport profile import -- kubectl port-forward -n data sts/postgres 15432:5432
  sallyport profile import --pick -n data                      choose at the terminal
  sallyport profile import --pick sts/postgres/0 -n data --context staging`;

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Imports profiles, and lists what could not be carried over; or makes one for a Service or StatefulSet of the cluster. Names and local ' +
        'ports that are taken are not touched.',
    )
    .argument('[file]', 'an export of kftray or kube-forwarder; - is standard input')
    .argument('[line...]', 'after --: a kubectl port-forward command')
    .usage('[options] [file | --pick [object] | -- kubectl port-forward ...]')
    .option(
      '--pick [object]',
      'service/NAME or statefulset/NAME[/ORDINAL] of the cluster; without it you choose',
    )
    .option('--port <port>', 'of what is picked, by number or name; else that of a database, or the first')
    .option('--name <name>', 'what the picked one is called; else as in the cluster')
    .option('-A, --all-namespaces', 'choose among those of all namespaces', false)
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
  await using store = await openProfiles(cli);
  const file = await fileToEdit(flags.project, cli);
  await store.addProject(cli.cwd);
  const imported = await whatToImport(given, flags, { taken: takenBy(await store.load()), cli });
  if (!flags.dryRun) {
    for (const { name, profile } of imported.profiles) {
      await editFile(store, { kind: 'add', name, profile }, file);
    }
    await tellDaemon(cli);
  }
  for (const { name, profile } of imported.profiles) warnIfOpen(name, [addressOf(profile)], cli);
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

async function whatToImport(
  given: string | undefined,
  flags: ImportFlags,
  { taken, cli }: { readonly taken: Taken; readonly cli: Cli },
): Promise<Imported> {
  const { pick, port, name, allNamespaces } = flags;
  if (pick !== undefined) {
    if (given !== undefined || cli.argv.includes('--')) {
      throw new AppError('SP-USAGE', { message: 'a file or a command does not go together with --pick' });
    }
    const { pickObject } = await import('../pick-object.ts');
    return pickObject({ ...flags, pick }, taken, cli);
  }
  if (port !== undefined || name !== undefined || allNamespaces) {
    throw new AppError('SP-USAGE', { message: '--port, --name and --all-namespaces are for --pick' });
  }
  const text = await textToImport(given, cli);
  const current = await currentContext(cli, flags.context).catch((error) => {
    // What is imported may name its own.
    if (flags.context !== undefined) throw error;
    return undefined;
  });
  const namespace = flags.namespace ?? current?.namespace;
  const { importText } = await import('../../profile/import/import-text.ts');
  return importText(text, {
    ...taken,
    context: current?.context,
    ...(namespace !== undefined && { namespace }),
  });
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
      message: 'name the file to import, or --pick an object of the cluster',
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

function importedText(
  { profiles, notCarried }: Imported,
  { file, dryRun }: { file: string; dryRun: boolean },
): string {
  const rows = profiles.map(({ name, profile }) => [
    name,
    profile.kind ?? 'tcp',
    targetWords(profile),
    localText(profile),
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
