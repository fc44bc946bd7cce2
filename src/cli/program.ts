import { Command } from 'commander';
import type { Cli } from './cli.ts';
import { commandList } from './command-list.ts';
import { addDemoCommand } from './demo-command.ts';
import { addForwardCommand } from './forward-command.ts';
import { commandNamed } from './listed-command.ts';
import { addSandboxCommand } from './sandbox-command.ts';

const examples = (program: string) => `
Examples:
  ${program} profile add orders-db sts/postgres/0 15432:5432 -n data --database orders --user app
  ${program} up orders-db                       stays up, whatever happens to the pod
  ${program} copy orders-db --format jdbc       for an IDE
  ${program} run orders-db -- npm test          for the life of one command
  ${program} demo                               without a cluster`;

/** What the words of a command line name is loaded, of the rest their summaries. */
export async function createProgram(cli: Cli, words: readonly string[] = cli.argv): Promise<Command> {
  const program = new Command(cli.program)
    .description('Lasting, guarded, recorded connections to databases and services inside Kubernetes')
    .version(cli.version, '-V, --version')
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => void cli.stdout.write(text),
      writeErr: (text) => void cli.stderr.write(text),
      outputError: () => {},
      getOutHasColors: () => false,
    })
    .showHelpAfterError(false)
    .addHelpText('after', examples(cli.program));

  const named = commandNamed(words);
  for (const { name, summary, heading, passesOn = false, load } of commandList) {
    const command = program.command(name).summary(summary).description(summary).helpGroup(heading);
    if (passesOn) command.passThroughOptions();
    if (named.name === name) await (await load()).define(command, cli, named.rest);
  }
  addForwardCommand(program, cli);
  addDemoCommand(program, cli);
  for (const command of program.commands.slice(-2)) command.helpGroup('Without a daemon:');
  addSandboxCommand(program, cli);
  return program;
}
