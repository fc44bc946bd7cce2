import type { Command } from 'commander';
import { daemonPlaces } from '../../base/daemon-places.ts';
import type { ProfileEdit } from '../../contract/control-profile.ts';
import type { ProfileStore } from '../../profile/profile-store.ts';
import type { Cli } from '../cli.ts';
import { editFile, fileToEdit, tellDaemon } from '../edited-profile.ts';
import { findListed } from '../listed-profile.ts';
import { printJson } from '../print-json.ts';
import { openProfiles } from '../profile-files.ts';

interface GroupFlags {
  readonly project: boolean;
  readonly json: boolean;
}

const examples = `
Examples:
  sallyport profile group add work orders-db team/cache
  sallyport up --group work
  sallyport profile group remove work team/cache      leaves the others
  sallyport profile group remove work                 the whole group`;

export function define(command: Command, cli: Cli): void {
  command
    .description('Groups are profiles that go up together: `up --group NAME`. `list` shows them.')
    .addHelpText('after', examples);
  const sub = (name: string, summary: string, description: string) =>
    command.command(name).summary(summary).description(description).argument('<group>', "the group's name");
  const options = (of: Command) =>
    of
      .option('--project', "in the project's sallyport.yaml instead of your own file", false)
      .option('--json', 'print what was done as JSON', false);
  options(
    sub('add', 'make a group, or add profiles to one', 'Makes a group of profiles, or adds to it.').argument(
      '<names...>',
      'profiles: NAME or SOURCE/NAME',
    ),
  ).action((group: string, names: string[], flags: GroupFlags) => add(group, names, { flags, cli }));
  options(
    sub(
      'remove',
      'take profiles out of a group, or the whole group away',
      'Takes profiles out of a group; without names the whole group. Profiles and tunnels stay as they are.',
    ).argument('[names...]', 'these alone'),
  ).action((group: string, names: string[], flags: GroupFlags) => remove(group, names, { flags, cli }));
}

interface With {
  readonly flags: GroupFlags;
  readonly cli: Cli;
}

async function add(group: string, names: readonly string[], { flags, cli }: With): Promise<void> {
  await using store = await openProfiles(cli);
  await store.addProject(cli.cwd);
  const snapshot = await store.load();
  const members = await Promise.all(
    names.map(async (name) => {
      const { sourceKind, name: bare } = await findListed(snapshot, name, cli);
      // The path of a project is no word for a group; within it, and from where one stands, the bare name is.
      return sourceKind === 'project' ? bare : memberWord(name);
    }),
  );
  const edit: ProfileEdit = { kind: 'join-group', name: group, members };
  await change(edit, store, { flags, cli });
}

async function remove(group: string, names: readonly string[], { flags, cli }: With): Promise<void> {
  await using store = await openProfiles(cli);
  await store.addProject(cli.cwd);
  const members = names.length > 0 ? names.map(memberWord) : undefined;
  const edit: ProfileEdit = { kind: 'leave-group', name: group, members };
  await change(edit, store, { flags, cli });
}

async function change(edit: ProfileEdit, store: ProfileStore, { flags, cli }: With): Promise<void> {
  const file = await fileToEdit(flags.project, cli);
  const group = edit.name;
  await editFile(store, edit, file);
  await tellDaemon(cli);
  const source = file === daemonPlaces(cli).userFile ? 'user' : file;
  const left = store.snapshot.groups.find((each) => each.source === source && each.name === group);
  const members = left?.members ?? [];
  if (flags.json) {
    const command = edit.kind === 'join-group' ? 'profile group add' : 'profile group remove';
    return printJson(cli, command, { file, group, members });
  }
  cli.stdout.write(
    left
      ? `Group ${group}: ${members.map(memberWord).join(', ')}\n`
      : `Removed group ${group} from ${file}\n`,
  );
}

/** As a group's list has it. */
function memberWord(name: string): string {
  return name.replace(/^user\//, '');
}
