import type { Command } from 'commander';
import type { Cli } from './cli.ts';

/** Adds `demo` to the program. The sandbox is loaded when it is called. */
export function addDemoCommand(program: Command, cli: Cli): void {
  program
    .command('demo')
    .summary('try everything with a real Postgres in an embedded sandbox cluster; needs no Kubernetes')
    .description(
      'Starts an embedded sandbox cluster with a real Postgres, forwards a local port to it and stays until SIGINT. ' +
        'Nothing is left behind at the end.',
    )
    .option(
      '--chaos',
      'restart the pod every 15 s while a client keeps querying, and show that nothing fails',
      false,
    )
    .option('-v, --verbose', 'print connections, sessions and causes of errors', false)
    .action(async (flags: { readonly chaos: boolean; readonly verbose: boolean }) => {
      const { demo } = await import('./demo.ts');
      await demo(flags, cli);
    });
}
