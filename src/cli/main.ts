import { CommanderError } from 'commander';
import { AppError } from '../base/app-error.ts';
import type { Cli } from './cli.ts';
import { errorOutput, printError } from './print-error.ts';
import { ProcessCli } from './process-cli.ts';
import { createProgram } from './program.ts';

/** Runs one command line (without node and script) and sets the exit code. Commands are loaded when they are asked for. */
export async function main(argv: readonly string[]): Promise<void> {
  await using cli = new ProcessCli(argv);
  // Timers of a Clock hold nobody: a command that waits for one must not end early.
  const alive = setInterval(() => {}, 2 ** 30);
  using _ = { [Symbol.dispose]: () => clearInterval(alive) };
  await runCommandLine(cli);
  cli.noteOlderDaemon();
}

/** Never throws: what goes wrong is printed, and decides the exit code. */
export async function runCommandLine(cli: Cli, { isRetry = false } = {}): Promise<void> {
  try {
    // Asked by a shell, for each Tab; nothing that people type.
    if (cli.argv[0] === 'complete' && cli.argv[1] === '--') {
      const { complete } = await import('./complete.ts');
      return await complete(cli.argv.slice(2), cli);
    }
    const program = await createProgram(cli);
    if (cli.argv.length === 0) return program.outputHelp();
    // kubectl takes -n=NAME; commander would take the sign for a part of the name. What follows `--` is somebody else's.
    const own = cli.argv.includes('--') ? cli.argv.indexOf('--') : cli.argv.length;
    const args = cli.argv.map((word, at) => (at < own ? word.replace(/^-n=/, '-n') : word));
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    // Help that was asked for, and help instead of a command that was not named.
    if (thrown instanceof CommanderError && (thrown.exitCode === 0 || thrown.code === 'commander.help'))
      return;
    const error =
      thrown instanceof CommanderError ? usage(thrown, cli) : withNext(AppError.from(thrown), cli);
    if (!isRetry && (await wasReplaced(error, cli))) return runCommandLine(cli, { isRetry: true });
    report(error, cli);
    cli.setExitCode(error.exitCode);
  }
}

function usage({ message }: CommanderError, { program, argv }: Cli): AppError {
  const [first] = argv.filter((word) => !word.startsWith('-'));
  const next = first && !/unknown command/.test(message) ? `${program} help ${first}` : `${program} --help`;
  return new AppError('SP-USAGE', { message: message.replace(/^error: /, ''), next });
}

/** What a command says of its own arguments is explained by its own help. */
function withNext(error: AppError, { argv }: Cli): AppError {
  if (error.code !== 'SP-USAGE' || error.details.next !== undefined) return error;
  return new AppError('SP-USAGE', { ...error.details, next: `sallyport help ${argv[0]}` }, error.cause);
}

/** A daemon of another version cannot be talked to: who sits at a terminal may have it replaced by one of this version. */
async function wasReplaced(error: AppError, cli: Cli): Promise<boolean> {
  if (error.code !== 'SP-DAEMON-VERSION' || !cli.asker) return false;
  const { daemon } = error.details;
  const question = `The daemon is version ${daemon ?? 'unknown'}, this program ${cli.version}. Restart it? What is up comes back on the same ports.`;
  if (!(await cli.asker.confirm(question))) return false;
  const { restartDaemon } = await import('./replace-daemon.ts');
  await restartDaemon(cli);
  return true;
}

function report(error: AppError, cli: Cli): void {
  const { argv, stdout } = cli;
  const own = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  if (own.includes('--json') && own[0] !== 'forward') {
    stdout.write(`${JSON.stringify(errorOutput(error), null, 2)}\n`);
  }
  printError(error, cli, { verbose: own.includes('--verbose') || own.includes('-v') });
}
