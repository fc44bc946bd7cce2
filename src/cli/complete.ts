import tab from '@bomb.sh/tab/commander';
import type { Cli } from './cli.ts';
import { createProgram } from './program.ts';

/** Somebody has pressed Tab and waits. */
const timeoutMs = 500;

/** Arguments that are names of profiles and tunnels. */
const nameArguments: readonly string[] = ['names', 'name'];
/** Commands whose names are to be new ones. */
const namesNewOnes: readonly string[] = ['profile add', 'profile source add'];

/** Answers a shell's completion script: `words` are those of the line so far, the last one unfinished. Starts no daemon, and never fails. */
export async function complete(words: readonly string[], cli: Cli): Promise<void> {
  const program = await createProgram(cli, { all: true });
  const known = await knownNames(cli);
  const completion = tab(program, { completionCommandName: 'complete-script' });
  for (const command of completion.commands.values()) {
    for (const argument of command.arguments.values()) {
      const candidates = candidatesFor(argument.name, command.value, known);
      if (candidates) argument.handler = offering(candidates);
    }
    const group = command.options.get('group');
    if (!group) continue;
    group.isBoolean = false;
    group.handler = offering(known.groups);
  }
  completion.parse([...words]);
}

interface KnownName {
  readonly name: string;
  readonly is: string;
}

interface KnownNames {
  readonly tunnels: readonly KnownName[];
  readonly groups: readonly KnownName[];
  readonly sources: readonly KnownName[];
}

const offering =
  (names: readonly KnownName[]) =>
  (add: (name: string, is: string) => void): void => {
    for (const { name, is } of names) add(name, is);
  };

function candidatesFor(
  argument: string,
  command: string,
  known: KnownNames,
): readonly KnownName[] | undefined {
  if (namesNewOnes.includes(command)) return undefined;
  if (nameArguments.includes(argument)) return known.tunnels;
  if (argument === 'group') return known.groups;
  return argument === 'source' || argument === 'sources' ? known.sources : undefined;
}

async function knownNames(cli: Cli): Promise<KnownNames> {
  try {
    const control = await cli.control({ start: false });
    const [{ tunnels }, { groups, sources }] = await Promise.all([
      control.call('tunnels', {}, { timeoutMs }),
      control.call('profiles', { folder: cli.cwd }, { timeoutMs }),
    ]);
    return {
      tunnels: tunnels.map(({ name, shown, target }) => ({ name, is: `${shown} · ${target}` })),
      groups: groups.map(({ name }) => ({ name, is: 'group' })),
      sources: sources
        .filter(({ kind }) => kind === 'folder' || kind === 'git')
        .map(({ key, location }) => ({ name: key, is: location })),
    };
  } catch {
    return { tunnels: [], groups: [], sources: [] };
  }
}
