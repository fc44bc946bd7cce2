import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { commandNamed, type ListedCommand } from '../listed-command.ts';

const subcommands: readonly Pick<ListedCommand, 'name' | 'summary' | 'load'>[] = [
  { name: 'add', summary: 'add a profile to your own file', load: () => import('./profile-add.ts') },
  {
    name: 'edit',
    summary: 'change a profile by options, or in your editor',
    load: () => import('./profile-edit.ts'),
  },
  { name: 'remove', summary: 'remove a profile', load: () => import('./profile-remove.ts') },
  {
    name: 'validate',
    summary: 'check profiles, with file, line and column of what is wrong',
    load: () => import('./profile-validate.ts'),
  },
  {
    name: 'import',
    summary: 'import from kftray, kube-forwarder, a kubectl port-forward line or the cluster',
    load: () => import('./profile-import.ts'),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of a profile file',
    load: () => import('./profile-schema.ts'),
  },
  {
    name: 'trust',
    summary: 'agree to a profile of others, so that it may start',
    load: () => import('./profile-trust.ts'),
  },
  {
    name: 'source',
    summary: 'add, remove and list folders and repositories that share profiles',
    load: () => import('./profile-source.ts'),
  },
  { name: 'group', summary: 'make and change groups of profiles', load: () => import('./profile-group.ts') },
  {
    name: 'pull',
    summary: 'fetch shared repositories, and look at what has changed',
    load: () => import('./profile-pull.ts'),
  },
];

export async function define(command: Command, cli: Cli, words: readonly string[]): Promise<void> {
  command.description(
    'Profiles are named tunnels, in your own file, in a project, or shared by a team in folders and git repositories.',
  );
  const named = commandNamed(words);
  for (const { name, summary, load } of subcommands) {
    const sub = command.command(name).summary(summary).description(summary);
    if (named.name === name) await (await load()).define(sub, cli, named.rest);
  }
}
