import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { daemonPlaces } from '../../base/daemon-places.ts';
import type { Profile, ProfileOverride } from '../../contract/profile.ts';
import type { ListedProfile } from '../../contract/profile-snapshot.ts';
import type { Cli } from '../cli.ts';
import { editFile, printEdited, tellDaemon } from '../edited-profile.ts';
import { findListed } from '../listed-profile.ts';
import { openProfiles } from '../profile-files.ts';
import { localOf, type ProfileFlags, profileOptions, withFlags } from '../profile-flags.ts';
import { addressOf, warnIfOpen } from '../profile-words.ts';
import { wholeNumber } from '../selection.ts';
import { validateFiles } from './profile-validate.ts';

interface EditFlags extends ProfileFlags {
  readonly target?: string;
  readonly port?: string;
  readonly local?: number;
  readonly project?: true;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Changes a profile by the options that are given; without any it is opened in your editor. Of a profile that is shared with you, also by ' +
        "the project, the local port, the context and --off can be changed, for you alone. --project changes the project's file instead.",
    )
    .argument('<name>', 'NAME or SOURCE/NAME')
    .option('-t, --target <target>', 'what to connect to')
    .option('-p, --port <port>', "the target's port, by number or name")
    .option('-l, --local <port>', 'the local port', wholeNumber);
  profileOptions(command)
    .option('--project', "change the project's sallyport.yaml, for everybody who uses it")
    .option('--json', 'print what was done as JSON', false)
    .action((name: string, flags: EditFlags) => edit(name, flags, cli));
}

async function edit(name: string, { json, project, ...flags }: EditFlags, cli: Cli): Promise<void> {
  await using store = await openProfiles(cli);
  await store.addProject(cli.cwd);
  const listed = await findListed(await store.load(), name, cli);
  const { id, sourceKind, file } = listed;
  if (project && sourceKind !== 'project') throw notOfProject(name, cli);
  // A file that is committed is changed only where that is said.
  const own = sourceKind === 'user' || project === true;
  if (Object.keys(flags).length === 0) {
    if (!own) throw mayNotChange(name, sourceKind, cli);
    return editByHand(listed, cli);
  }
  if (own) {
    const profile = changed(listed.written, flags);
    await editFile(store, { kind: 'change', name: listed.name, profile }, file);
    warnIfOpen(name, [addressOf(profile)], cli);
  } else {
    const override = { ...listed.override, ...overrideOf(flags, () => mayNotChange(name, sourceKind, cli)) };
    const { userFile } = daemonPlaces(cli);
    const change = { kind: 'override', source: listed.source, name: listed.name, override } as const;
    await editFile(store, change, userFile);
  }
  await tellDaemon(cli);
  const where = own ? file : daemonPlaces(cli).userFile;
  printEdited(
    'profile edit',
    { file: where, profile: id, change: own ? 'changed' : 'overridden' },
    { json, cli },
  );
}

function changed(
  profile: Profile,
  { target, port, local, address, ...flags }: Omit<EditFlags, 'json' | 'project'>,
): Profile {
  const numbered = port !== undefined && /^\d+$/.test(port) ? Number(port) : port;
  const before = typeof profile.local === 'object' && 'port' in profile.local ? profile.local : undefined;
  const localPort = local ?? before?.port ?? (typeof profile.local === 'number' ? profile.local : undefined);
  const movesLocally = (local !== undefined || address !== undefined) && localPort !== undefined;
  return {
    ...withFlags(profile, flags),
    ...(target !== undefined && { target }),
    ...(numbered !== undefined && { port: numbered }),
    ...(movesLocally && { local: localOf(localPort, address ?? before?.address) }),
  };
}

/** Throws SP-PROFILE-EDIT for what would be a change for everybody. */
function overrideOf(
  { local: port, context, off, ...rest }: Omit<EditFlags, 'json' | 'project'>,
  refused: () => AppError,
): ProfileOverride {
  if (Object.keys(rest).length > 0) throw refused();
  return {
    ...(port !== undefined && { port }),
    ...(context !== undefined && { context }),
    ...(off !== undefined && { off }),
  };
}

function mayNotChange(name: string, sourceKind: ListedProfile['sourceKind'], { program }: Cli): AppError {
  return new AppError('SP-PROFILE-EDIT', {
    file: name,
    message: 'it is shared with you: only its local port, context and --off can be changed here',
    next:
      sourceKind === 'project'
        ? `${program} profile edit ${name} --project changes the project's file, for everybody`
        : 'have who owns it change it, or add a profile of your own',
  });
}

function notOfProject(name: string, { program }: Cli): AppError {
  return new AppError('SP-USAGE', {
    message: `${name} is not in the project's file`,
    next: `${program} profile edit ${name} without --project`,
  });
}

/** At its line, where the editor is known to take one; checked when the editor has ended. */
async function editByHand({ id, file, line }: ListedProfile, cli: Cli): Promise<void> {
  if (!cli.asker) {
    throw new AppError('SP-USAGE', {
      message: 'an editor needs a terminal',
      next: `${cli.program} profile edit ${id} --help lists what options can change`,
    });
  }
  const words = (cli.env.VISUAL || cli.env.EDITOR || (cli.platform === 'win32' ? 'notepad' : 'vi')).split(
    /\s+/,
  );
  const takesPlus = /(^|\/)(n?vim?|nano|emacs(client)?|micro|kak|hx|joe)$/.test(words[0]!);
  const code = await cli.runProgram([...words, ...(takesPlus ? [`+${line}`] : []), file], {});
  if (code !== 0)
    throw new AppError('SP-USAGE', {
      message: `${words[0]} ended with exit code ${code}`,
      next: `edit ${file}`,
    });
  await tellDaemon(cli);
  await validateFiles([file], { json: false, cli });
}
