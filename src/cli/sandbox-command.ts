import type { Command } from 'commander';
import type { Cli } from './cli.ts';

export const sandboxCommandName = 'sandbox-process';

/** Adds what the daemon runs where somebody tries the sandbox. No command for people: it ends with its input, and talks JSON. */
export function addSandboxCommand(program: Command, cli: Cli): void {
  program.command(sandboxCommandName, { hidden: true }).action(async () => {
    const { runSandboxProcess } = await import('../sandbox/sandbox-process.ts');
    // A terminal's Ctrl-C is for the daemon, which then ends this one.
    using ending = cli.untilSignal();
    await runSandboxProcess(
      { input: process.stdin, say: (message) => void cli.stdout.write(`${JSON.stringify(message)}\n`) },
      ending,
    );
  });
}
