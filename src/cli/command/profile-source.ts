import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { daemonPlaces } from '../../base/daemon-places.ts';
import { count } from '../../client/tunnel-words.ts';
import { reservedSources, type SourceSettings } from '../../contract/profile-file.ts';
import type { Cli } from '../cli.ts';
import { editFile, endedWords, takeDown, tellDaemon } from '../edited-profile.ts';
import { fetchProfiles } from '../listed-profile.ts';
import { colorsFor } from '../paint.ts';
import { printJson } from '../print-json.ts';
import { openProfiles } from '../profile-files.ts';
import { table } from '../table.ts';

interface AddFlags {
  readonly branch?: string;
  readonly tag?: string;
  readonly path?: string;
  readonly every?: string;
  readonly json: boolean;
}

interface Json {
  readonly json: boolean;
}

const examples = `
Examples:
  sallyport profile source add team https://git.example.com/team/tunnels.git --branch main --every 1h
  sallyport profile source add team git@example.com:team/tunnels.git --path profiles
  sallyport profile source add shared ~/work/tunnels
  sallyport profile source remove team`;

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Sources are folders and git repositories that share profiles with you. Nothing of theirs starts before you agreed to it.',
    )
    .addHelpText('after', examples);
  command
    .command('add')
    .summary('take profiles from a folder or a git repository')
    .description('Adds a source to your own file. A repository is fetched by `profile pull`.')
    .argument('<name>', 'what to call it')
    .argument('<location>', 'a folder, or the address of a git repository')
    .option('--branch <name>', "a repository's branch, else its default one")
    .option('--tag <name>', 'a tag instead of a branch')
    .option('--path <folder>', 'where its profiles are in the repository')
    .option('--every <duration>', 'look for changes this often, as 15m or 1h; else only when you pull')
    .option('--json', 'print what was done as JSON', false)
    .action((name: string, location: string, flags: AddFlags) => add(name, location, { flags, cli }));
  command
    .command('remove')
    .summary('take no more profiles from it')
    .description(
      'Removes a source from your own file, with what you changed of it for yourself, and from groups. Its tunnels go down.',
    )
    .argument('<source>', 'its name')
    .option('--json', 'print what was done as JSON', false)
    .action((name: string, { json }: Json) => remove(name, { json, cli }));
  command
    .command('list')
    .summary('list where profiles come from')
    .description('Lists the sources in their order: your own file, projects, folders and repositories.')
    .option('--json', 'print the sources as JSON', false)
    .action(({ json }: Json) => list({ json, cli }));
}

interface With {
  readonly json: boolean;
  readonly cli: Cli;
}

async function add(
  name: string,
  location: string,
  { flags, cli }: { readonly flags: AddFlags; readonly cli: Cli },
): Promise<void> {
  if (reservedSources.includes(name))
    throw new AppError('SP-USAGE', { message: `a source cannot be called ${name}` });
  const settings = await settingsOf(location, { flags, cli });
  const file = daemonPlaces(cli).userFile;
  await using store = await openProfiles(cli);
  await editFile(store, { kind: 'add-source', name, settings }, file);
  await tellDaemon(cli);
  if (flags.json) return printJson(cli, 'profile source add', { file, source: name, change: 'added' });
  const next = 'git' in settings ? `; ${cli.program} profile pull ${name} fetches it` : '';
  cli.stdout.write(`Added source ${name} to ${file}${next}\n`);
}

async function remove(name: string, { json, cli }: With): Promise<void> {
  const file = daemonPlaces(cli).userFile;
  await using store = await openProfiles(cli);
  const { sources } = await store.load();
  const isThere = sources.some(({ key, kind }) => key === name && (kind === 'folder' || kind === 'git'));
  // Also tunnels whose profiles cannot be read any more.
  const ended = isThere
    ? await takeDown(({ origin }) => origin.kind === 'profile' && origin.source === name, cli)
    : [];
  await editFile(store, { kind: 'remove-source', name }, file);
  await tellDaemon(cli);
  if (json) return printJson(cli, 'profile source remove', { file, source: name, change: 'removed', ended });
  cli.stdout.write(`Removed source ${name} from ${file}${endedWords(ended)}\n`);
}

async function list({ json, cli }: With): Promise<void> {
  const { sources, profiles } = await fetchProfiles(await cli.control(), cli);
  if (json) return printJson(cli, 'profile source list', { sources });
  const { dim } = colorsFor(cli.stdout, cli);
  const head = ['SOURCE', 'KIND', 'LOCATION', 'PROFILES', 'STATE'].map(dim);
  const rows = sources.map(({ key, kind, location, state, commit, pending }) => [
    key,
    kind,
    location,
    String(profiles.filter(({ source }) => source === key).length),
    [
      commit ? `${state} at ${commit.slice(0, 10)}` : state,
      ...(pending ? [`${count(pending.changes.length, 'change')} to look at`] : []),
    ].join(' · '),
  ]);
  cli.stdout.write(table(head, rows));
}

/** A path is a folder, unless something that only repositories have is said of it. */
async function settingsOf(
  location: string,
  { flags, cli }: { readonly flags: AddFlags; readonly cli: Cli },
): Promise<SourceSettings> {
  const { branch, tag, path, every } = flags;
  const ofGit = {
    ...(branch !== undefined && { branch }),
    ...(tag !== undefined && { tag }),
    ...(path !== undefined && { path }),
    ...(every !== undefined && { every }),
  };
  const isAddress = /^[a-z]+:\/\/|^[^/\s]+@[^/\s]+:/.test(location);
  if (isAddress || location.endsWith('.git') || Object.keys(ofGit).length > 0) {
    const isPath = !isAddress && !location.startsWith('~');
    return { git: isPath ? resolve(cli.cwd, location) : location, ...ofGit };
  }
  // Kept as it is written, so that the file may be shared between machines.
  if (location.startsWith('~/')) return { folder: location };
  const folder = resolve(cli.cwd, location);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return { folder };
  throw new AppError('SP-USAGE', {
    message: `there is no folder ${folder}`,
    next: "a repository's address begins with https://, ssh:// or git@",
  });
}
