import type { Command } from 'commander';
import { daemonPlaces } from '../../base/daemon-places.ts';
import { compileNothing } from '../../base/hot-code.ts';
import { builtPage } from '../built-page.ts';
import type { Cli } from '../cli.ts';
import type { AuthorityFlags } from '../daemon-ca.ts';
import { subcommand } from '../listed-command.ts';
import { ownCommand } from '../process-cli.ts';
import { sandboxCommandName } from '../sandbox-command.ts';

interface DaemonFlags {
  readonly verbose: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Runs the daemon in the foreground, until a signal. Commands start one in the background by themselves; `install` has one started at login.',
    )
    .option('-v, --verbose', 'print its log', false)
    .action(async ({ verbose }: DaemonFlags) => {
      compileNothing();
      const { runDaemon } = await import('../../daemon/daemon.ts');
      using ending = cli.untilSignal({ unread: true });
      const places = daemonPlaces(cli);
      await runDaemon(
        {
          places,
          version: cli.version,
          env: cli.env,
          home: cli.home,
          pageFolder: builtPage(),
          sandboxCommand: ownCommand(sandboxCommandName),
          ...(verbose && { onLogLine: (line: string) => void cli.stderr.write(`${line}\n`) }),
          onReady() {
            if (cli.stderr.isTTY)
              cli.stderr.write(`The daemon answers at ${places.socket}; its log is ${places.logFile}\n`);
          },
        },
        ending,
      );
    });

  const sub = (name: string, summary: string) => subcommand(command, name, summary);
  type Json = { readonly json: boolean };
  sub('status', 'show whether a daemon runs, and what it uses; starts none')
    .option('--json', 'print it as JSON', false)
    .action(async ({ json }: Json) => (await import('../daemon-control.ts')).printStatus(cli, json));
  sub('stop', 'end the daemon; what is up comes back with the next one')
    .option('--json', 'print it as JSON', false)
    .action(async ({ json }: Json) => (await import('../daemon-control.ts')).printStop(cli, json));
  sub('restart', 'end the daemon and start one of this version; what is up comes back on the same ports')
    .option('--json', 'print it as JSON', false)
    .action(async ({ json }: Json) => (await import('../daemon-control.ts')).printRestart(cli, json));
  sub(
    'install',
    'have the daemon started at login (systemd, launchd, Windows task), with the KUBECONFIG and PATH of now',
  )
    .option('--json', 'print it as JSON', false)
    .action(async ({ json }: Json) => (await import('../daemon-install.ts')).printInstall(cli, json));
  sub('ca', 'print the certificate by which programs can verify your tunnels, or have libpq trust it')
    .option('--install', "add it to libpq's own trust file, ~/.postgresql/root.crt", false)
    .option('--remove', 'take it out of there', false)
    .option('-y, --yes', 'with --install: do not ask', false)
    .option('--json', 'print it, or what was done, as JSON', false)
    .action(async (flags: AuthorityFlags) => (await import('../daemon-ca.ts')).printAuthority(cli, flags));
  sub('uninstall', 'undo install')
    .option('--json', 'print it as JSON', false)
    .action(async ({ json }: Json) => (await import('../daemon-install.ts')).printUninstall(cli, json));
}
