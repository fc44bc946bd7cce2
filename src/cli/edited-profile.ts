import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { replaceFile } from '../base/replace-file.ts';
import type { CommandOutput } from '../contract/command-output.ts';
import { findProjectFile, projectFileName } from '../profile/find-project-file.ts';
import type { ProfileEdit } from '../profile/profile-edit.ts';
import type { ProfileStore } from '../profile/profile-store.ts';
import type { Cli } from './cli.ts';
import { printJson } from './print-json.ts';
import { schemaFileName } from './profile-files.ts';

/** The user's own file, or that of the project around the working directory, which is made here where there is none. */
export async function fileToEdit(project: boolean, cli: Cli): Promise<string> {
  if (!project) return daemonPlaces(cli).userFile;
  const { file } = await findProjectFile({ from: cli.cwd, home: cli.home, uid: cli.uid });
  return file ?? join(cli.cwd, projectFileName);
}

/** Edits a file, and puts the schema beside it where the file names it. */
export async function editFile(store: ProfileStore, edit: ProfileEdit, file: string): Promise<void> {
  await store.edit(edit, file);
  const [firstLine = ''] = (await readFile(file, 'utf8')).split('\n', 1);
  if (firstLine.includes(`./${schemaFileName}`)) {
    const { profileJsonSchema } = await import('../profile/profile-json-schema.ts');
    const path = join(dirname(file), schemaFileName);
    const text = `${JSON.stringify(profileJsonSchema(), null, 2)}\n`;
    if ((await readFile(path, 'utf8').catch(() => '')) !== text) await replaceFile(path, text);
  }
}

/** It sees changes by itself, and a moment later: the next command is to find them. */
export async function tellDaemon(cli: Cli): Promise<void> {
  const control = await cli.control({ start: false });
  await control.call('reload', { folder: cli.cwd }).catch((error) => {
    if (AppError.from(error).code !== 'SP-DAEMON-NOT-RUNNING') throw error;
  });
}

/** Tunnels without their profiles would stay up, and nothing would tell what they are. */
export async function takeDown(names: readonly string[], cli: Cli): Promise<void> {
  if (names.length === 0) return;
  const control = await cli.control({ start: false });
  await control.call('down', { names: [...names], folder: cli.cwd }).catch((error) => {
    if (AppError.from(error).code !== 'SP-DAEMON-NOT-RUNNING') throw error;
  });
}

type Edited = CommandOutput<'profile add'>;

export function printEdited(
  command: 'profile add' | 'profile edit' | 'profile remove',
  edited: Edited,
  { json, cli }: { readonly json: boolean; readonly cli: Cli },
): void {
  if (json) return printJson(cli, command, edited);
  const { change, file } = edited;
  const profile = edited.profile.replace(/^user\//, '');
  const words: Record<Edited['change'], string> = {
    added: `Added ${profile} to ${file}`,
    changed: `Changed ${profile} in ${file}`,
    removed: `Removed ${profile} from ${file}`,
    overridden: `Changed ${profile} for you alone, in ${file}`,
  };
  cli.stdout.write(`${words[change]}\n`);
}
