import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { replaceFile } from '../base/replace-file.ts';
import type { CommandOutput } from '../contract/command-output.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { findProjectFile, projectFileName } from '../profile/find-project-file.ts';
import type { ProfileStore } from '../profile/profile-store.ts';
import type { Cli } from './cli.ts';
import { printJson } from './print-json.ts';
import { schemaFileName } from './profile-files.ts';
import { ofRunningDaemon } from './running-daemon.ts';

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
  await ofRunningDaemon(cli, (control) => control.call('reload', { folder: cli.cwd }));
}

/**
 * Takes the tunnels down whose profiles are about to go: they would stay up, and nothing would tell what they are. Their names. Throws why
 * one stays.
 */
export async function takeDown(isMeant: (tunnel: TunnelEntity) => boolean, cli: Cli): Promise<string[]> {
  const ended = await ofRunningDaemon(cli, async (control) => {
    const { tunnels } = await control.call('tunnels', {});
    const names = tunnels.filter((each) => each.wanted !== 'off' && isMeant(each)).map(({ id }) => id);
    if (names.length === 0) return names;
    const { outcomes } = await control.call('down', { names, folder: cli.cwd });
    const failed = outcomes.find(({ error }) => error !== undefined)?.error;
    if (failed) throw new AppError(failed.code, failed.details);
    return names;
  });
  return ended ?? [];
}

/** ; team/web, team/api went down with it. Empty where none was up. */
export function endedWords(ids: readonly string[] = []): string {
  if (ids.length === 0) return '';
  const names = ids.map((id) => id.replace(/^user\//, ''));
  return `; ${names.join(', ')} went down with it`;
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
    removed: `Removed ${profile} from ${file}${endedWords(edited.ended)}`,
    overridden: `Changed ${profile} for you alone, in ${file}`,
  };
  cli.stdout.write(`${words[change]}\n`);
}
