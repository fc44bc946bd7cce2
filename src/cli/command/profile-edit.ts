import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { daemonPlaces } from '../../base/daemon-places.ts';
import type { Profile, ProfileOverride } from '../../contract/profile.ts';
import type { ListedProfile } from '../../contract/profile-snapshot.ts';
import { findProjectFile } from '../../profile/find-project-file.ts';
import type { Cli } from '../cli.ts';
import { editFile, printEdited, tellDaemon } from '../edited-profile.ts';
import { findListed } from '../listed-profile.ts';
import { openProfiles } from '../profile-files.ts';
import { localOf, mustNotBeShared, type ProfileFlags, profileOptions, withFlags } from '../profile-flags.ts';
import { wholeNumber } from '../selection.ts';
import { validateFiles } from './profile-validate.ts';

interface EditFlags extends ProfileFlags {
  readonly target?: string;
  readonly port?: string;
  readonly local?: number;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Changes a profile by the options that are given; without any it is opened in your editor. Of a profile that is shared with you the ' +
        'local port, the context and --off can be changed, for you alone.',
    )
    .argument('<name>', 'NAME or SOURCE/NAME')
    .option('-t, --target <target>', 'what to connect to')
    .option('-p, --port <port>', "the target's port, by number or name")
    .option('-l, --local <port>', 'the local port', wholeNumber);
  profileOptions(command)
    .option('--json', 'print what was done as JSON', false)
    .action((name: string, flags: EditFlags) => edit(name, flags, cli));
}

async function edit(name: string, { json, ...flags }: EditFlags, cli: Cli): Promise<void> {
  await using store = await openProfiles(cli);
  const { file: project } = await findProjectFile({ from: cli.cwd, home: cli.home, uid: cli.uid });
  if (project !== undefined) await store.addProject(cli.cwd);
  const listed = await findListed(await store.load(), name, cli);
  const { id, sourceKind, file } = listed;
  if (Object.keys(flags).length === 0) return editByHand(listed, cli);
  const own = sourceKind === 'user' || sourceKind === 'project';
  if (own) {
    await editFile(
      store,
      { kind: 'change', name: listed.name, profile: changed(listed.written, flags) },
      file,
    );
  } else {
    const override = { ...listed.override, ...overrideOf(id, flags) };
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
  { target, port, local, address, ...flags }: Omit<EditFlags, 'json'>,
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

/** Throws SP-PROFILE-EDIT for what only its owner can change. */
function overrideOf(
  id: string,
  { local: port, context, off, ...rest }: Omit<EditFlags, 'json'>,
): ProfileOverride {
  if (Object.keys(rest).length > 0) mustNotBeShared(id, 'shared');
  return {
    ...(port !== undefined && { port }),
    ...(context !== undefined && { context }),
    ...(off !== undefined && { off }),
  };
}

/** At its line, where the editor is known to take one; checked when the editor has ended. */
async function editByHand({ id, sourceKind, file, line }: ListedProfile, cli: Cli): Promise<void> {
  mustNotBeShared(id, sourceKind);
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
