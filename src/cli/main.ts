import { Command, CommanderError } from 'commander';
import { AppError } from '../base/app-error.ts';
import { addDemoCommand } from './demo-command.ts';
import { addForwardCommand } from './forward-command.ts';
import { errorLines } from './print-error.ts';
import { version } from './version.ts';

/** Runs one command line (without node and script) and sets the exit code. Commands are loaded when they are asked for. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('sallyport')
    .description('Lasting, guarded, recorded connections to databases and services inside Kubernetes')
    .version(version, '-V, --version')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false);

  addForwardCommand(program);
  addDemoCommand(program);

  try {
    // kubectl takes -n=NAME; commander would take the sign for a part of the name.
    const args = argv.map((word) => word.replace(/^-n=/, '-n'));
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    // Help that was asked for, and help instead of a command that was not named.
    if (thrown instanceof CommanderError && (thrown.exitCode === 0 || thrown.code === 'commander.help'))
      return;
    const error =
      thrown instanceof CommanderError
        ? new AppError('SP-USAGE', {
            message: thrown.message.replace(/^error: /, ''),
            next: 'sallyport --help',
          })
        : AppError.from(thrown);
    const verbose = argv.includes('--verbose') || argv.includes('-v');
    process.stderr.write(
      errorLines(error, { verbose, color: process.stderr.isTTY === true && !process.env.NO_COLOR }),
    );
    process.exitCode = error.exitCode;
  }
}
