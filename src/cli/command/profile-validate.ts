import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { count } from '../../client/tunnel-words.ts';
import type { CommandOutput } from '../../contract/command-output.ts';
import type { Cli } from '../cli.ts';
import { colorsFor } from '../paint.ts';
import { printJson } from '../print-json.ts';
import { openProfiles, readProfiles } from '../profile-files.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Checks profile files, or without any all that you have: your own, the project, shared folders and repositories. Needs no daemon.',
    )
    .argument('[files...]', 'files to check, as in a pull request')
    .option('--json', 'print the problems as JSON', false)
    .action(async (files: string[], { json }: { readonly json: boolean }) => {
      if (files.length > 0)
        return validateFiles(
          files.map((file) => resolve(cli.cwd, file)),
          { json, cli },
        );
      await using store = await openProfiles(cli);
      await store.addProject(cli.cwd);
      const { sources, profiles, problems } = await store.load();
      const read = sources.filter(({ state }) => state !== 'absent').map(({ location }) => location);
      report({ files: read, profiles: profiles.length, problems }, { json, cli });
    });
}

export async function validateFiles(
  files: readonly string[],
  { json, cli }: { readonly json: boolean; readonly cli: Cli },
): Promise<void> {
  const contents = await Promise.all(files.map((file) => readProfiles(file, cli)));
  const profiles = contents.reduce((sum, { content }) => sum + content.profiles.length, 0);
  const problems = contents.flatMap(({ content }) => content.problems);
  report({ files: [...files], profiles, problems }, { json, cli });
}

/** FILE:LINE:COLUMN: as compilers print it, so that editors and CI find the place. */
function report(
  result: CommandOutput<'profile validate'>,
  { json, cli }: { readonly json: boolean; readonly cli: Cli },
): void {
  const { files, profiles, problems } = result;
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) cli.setExitCode(new AppError('SP-PROFILE-INVALID').exitCode);
  if (json) return printJson(cli, 'profile validate', result);
  const colors = colorsFor(cli.stdout, cli);
  for (const { file, line, column, message, severity } of problems) {
    const word = severity === 'error' ? colors.red('error') : colors.yellow('warning');
    cli.stdout.write(`${file}:${line}:${column}: ${word}: ${message}\n`);
  }
  const warnings = problems.length - errors;
  const found = [errors > 0 && count(errors, 'error'), warnings > 0 && count(warnings, 'warning')].filter(
    Boolean,
  );
  cli.stdout.write(
    `${count(profiles, 'profile')} in ${count(files.length, 'file')}${found.length > 0 ? `, ${found.join(', ')}` : ', nothing is wrong'}\n`,
  );
}
