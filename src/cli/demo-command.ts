import type { Command } from 'commander';
import type { Cli } from './cli.ts';

interface Flags {
  readonly chaos: boolean;
  readonly open: boolean;
  readonly terminal: boolean;
  readonly verbose: boolean;
}

/** Adds `demo` to the program. Daemon and sandbox are loaded when it is called. */
export function addDemoCommand(program: Command, cli: Cli): void {
  program
    .command('demo')
    .summary('try everything with a real Postgres in an embedded sandbox cluster; needs no Kubernetes')
    .description(
      'Opens the window on a daemon of its own, which starts an embedded sandbox cluster with a real Postgres at a click, and stays until SIGINT. ' +
        'Nothing is left behind at the end, and your own daemon and profiles are not touched.',
    )
    .option('--no-open', "print the window's address and open nothing")
    .option('--terminal', 'without a window: forward a port to the sandbox in the foreground', false)
    .option(
      '--chaos',
      'in the terminal: restart the pod every 15 s while a client keeps querying, and show that nothing fails',
      false,
    )
    .option('-v, --verbose', 'print connections, sessions and causes of errors', false)
    .action(async ({ chaos, terminal, open, verbose }: Flags) => {
      if (terminal || chaos) {
        const { demoTerminal } = await import('./demo-terminal.ts');
        return demoTerminal({ chaos, verbose }, cli);
      }
      const { demo } = await import('./demo.ts');
      await demo({ open, verbose }, cli);
    });
}
