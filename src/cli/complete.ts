import tab from '@bomb.sh/tab/commander';
import type { Cli } from './cli.ts';
import { createProgram } from './program.ts';

/** Somebody has pressed Tab and waits. */
const timeoutMs = 500;

interface KnownName {
  readonly name: string;
  readonly is: string;
}

/** Names that are known at this moment, by what they are names of. */
type KnownNames = Readonly<Record<'tunnels' | 'groups' | 'sources' | 'targets', readonly KnownName[]>>;

const namesFor: Readonly<Record<string, keyof KnownNames>> = {
  name: 'tunnels',
  names: 'tunnels',
  group: 'groups',
  source: 'sources',
  sources: 'sources',
  target: 'targets',
};
/** Their name is to be a new one. */
const makesNew: readonly string[] = ['profile source add'];

/** Answers a shell's completion script: `words` are those of the line so far, the last one unfinished. Starts no daemon, and never fails. */
export async function complete(words: readonly string[], cli: Cli): Promise<void> {
  const program = await createProgram(cli, words);
  const completion = tab(program, { completionCommandName: 'complete-script' });
  const places = [...completion.commands.values()].flatMap(placesOfNames);
  // Asked only where a name may come: who completes a command's own name does not wait for the daemon.
  const known = places.length > 0 ? await knownNames(cli) : undefined;
  for (const { of, at } of places) {
    at.handler = (add) => {
      for (const { name, is } of known?.[of] ?? []) add(name, is);
    };
  }
  completion.parse([...words]);
}

type ValueOf<M> = M extends Map<string, infer V> ? V : never;
type TabCommand = ValueOf<ReturnType<typeof tab>['commands']>;

interface PlaceOfNames {
  readonly of: keyof KnownNames;
  readonly at: ValueOf<TabCommand['arguments']> | ValueOf<TabCommand['options']>;
}

function placesOfNames({ value, arguments: given, options }: TabCommand): PlaceOfNames[] {
  const places: PlaceOfNames[] = [];
  for (const argument of makesNew.includes(value) ? [] : given.values()) {
    const of = namesFor[argument.name];
    if (of) places.push({ of, at: argument });
  }
  for (const [name, of] of [
    ['group', 'groups'],
    ['target', 'targets'],
  ] as const) {
    const option = options.get(name);
    if (!option) continue;
    option.isBoolean = false;
    places.push({ of, at: option });
  }
  return places;
}

async function knownNames(cli: Cli): Promise<KnownNames | undefined> {
  try {
    const control = await cli.control({ start: false });
    const [{ tunnels }, { groups, sources }] = await Promise.all([
      control.call('tunnels', {}, { timeoutMs }),
      control.call('profiles', { folder: cli.cwd }, { timeoutMs }),
    ]);
    return {
      tunnels: tunnels.map(({ name, shown, target }) => ({ name, is: `${shown} · ${target}` })),
      // The cluster is not asked: that may take a login, and a Tab is no reason for one.
      targets: [...new Map(tunnels.map(({ name, target }) => [target, { name: target, is: name }])).values()],
      groups: groups.map(({ name }) => ({ name, is: 'group' })),
      sources: sources
        .filter(({ kind }) => kind === 'folder' || kind === 'git')
        .map(({ key, location }) => ({ name: key, is: location })),
    };
  } catch {
    return undefined;
  }
}
