import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { define as add } from './profile-add.ts';
import { define as edit } from './profile-edit.ts';
import { define as group } from './profile-group.ts';
import { define as importProfiles } from './profile-import.ts';
import { define as pull } from './profile-pull.ts';
import { define as remove } from './profile-remove.ts';
import { define as schema } from './profile-schema.ts';
import { define as source } from './profile-source.ts';
import { define as trust } from './profile-trust.ts';
import { define as validate } from './profile-validate.ts';

const subcommands = [
  { name: 'add', summary: 'add a profile to your own file', define: add },
  { name: 'edit', summary: 'change a profile by options, or in your editor', define: edit },
  { name: 'remove', summary: 'remove a profile', define: remove },
  {
    name: 'validate',
    summary: 'check profiles, with file, line and column of what is wrong',
    define: validate,
  },
  {
    name: 'import',
    summary: 'import from kftray, kube-forwarder, a kubectl port-forward line or the cluster',
    define: importProfiles,
  },
  { name: 'schema', summary: 'print the JSON Schema of a profile file', define: schema },
  { name: 'trust', summary: 'agree to a profile of others, so that it may start', define: trust },
  {
    name: 'source',
    summary: 'add, remove and list folders and repositories that share profiles',
    define: source,
  },
  { name: 'group', summary: 'make and change groups of profiles', define: group },
  { name: 'pull', summary: 'fetch shared repositories, and look at what has changed', define: pull },
] as const;

export function define(command: Command, cli: Cli): void {
  command.description(
    'Profiles are named tunnels, in your own file, in a project, or shared by a team in folders and git repositories.',
  );
  for (const { name, summary, define: defineSub } of subcommands) {
    defineSub(command.command(name).summary(summary), cli);
  }
}
