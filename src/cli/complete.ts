import tab from '@bomb.sh/tab/commander';
import type { Cli } from './cli.ts';
import { createProgram } from './program.ts';

/** Somebody has pressed Tab and waits. */
const timeoutMs = 500;

/** Arguments that are names of profiles and tunnels, and options that are names of groups. */
const nameArguments: readonly string[] = ['names', 'name'];

/** Answers a shell's completion script: `words` are those of the line so far, the last one unfinished. Starts no daemon, and never fails. */
export async function complete(words: readonly string[], cli: Cli): Promise<void> {
  const program = await createProgram(cli, { all: true });
  const known = await knownNames(cli);
  const completion = tab(program, { completionCommandName: 'complete-script' });
  for (const command of completion.commands.values()) {
    for (const argument of command.arguments.values()) {
      if (!nameArguments.includes(argument.name) || command.value === 'profile add') continue;
      argument.handler = (add) => {
        for (const { name, description } of known.tunnels) add(name, description);
      };
    }
    const group = command.options.get('group');
    if (!group) continue;
    group.isBoolean = false;
    group.handler = (add) => {
      for (const name of known.groups) add(name, 'group');
    };
  }
  completion.parse([...words]);
}

interface KnownNames {
  readonly tunnels: readonly { readonly name: string; readonly description: string }[];
  readonly groups: readonly string[];
}

async function knownNames(cli: Cli): Promise<KnownNames> {
  try {
    const control = await cli.control({ start: false });
    const [{ tunnels }, { groups }] = await Promise.all([
      control.call('tunnels', {}, { timeoutMs }),
      control.call('profiles', { folder: cli.cwd }, { timeoutMs }),
    ]);
    return {
      tunnels: tunnels.map(({ name, shown, target }) => ({ name, description: `${shown} · ${target}` })),
      groups: groups.map(({ name }) => name),
    };
  } catch {
    return { tunnels: [], groups: [] };
  }
}
