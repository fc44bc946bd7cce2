import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Cli } from './cli.ts';
import type { ForwardFlags } from './forward.ts';
import { duration, gather } from './selection.ts';

const examples = `
Examples:
  sallyport forward pod/postgres-0 5432                 the same port here
  sallyport forward sts/postgres/0 15432:5432 -n data   pod 0 of a StatefulSet, whatever happens to it
  sallyport forward svc/orders-db :pg                   a named port of a Service, a free port here
  sallyport forward deploy/web 8080:http 9090:metrics   two ports at once

It stays until SIGINT or SIGTERM ends it. Exit codes: 0 ended as asked, 2 usage, 3 kubeconfig, 4 log in, 5 not allowed,
6 API server, 7 target, 8 connection into the pod, 9 this machine, 1 anything else.`;

/** Adds `forward` to the program. What it does is loaded when it is called. */
export function addForwardCommand(program: Command, cli: Cli): void {
  program
    .command('forward')
    .summary('forward local ports to a pod and keep them forwarded, whatever happens to the pod')
    .description(
      'Forwards local ports to a pod, StatefulSet, Service, Deployment or label selector, as kubectl port-forward does, and keeps them ' +
        'forwarded: when the pod is replaced, the port stays and connections wait for the new pod.',
    )
    .argument(
      '<target>',
      'pod/NAME, statefulset/NAME[/ORDINAL], service/NAME, deployment/NAME or selector/app=x',
    )
    .argument('<ports...>', '[LOCAL:]REMOTE, by number or by name; :REMOTE takes a free local port')
    .option('-n, --namespace <name>', 'namespace, else that of the context')
    .option('--context <name>', 'context of the kubeconfig, else the current one')
    .option('--kubeconfig <file>', 'kubeconfig to use, else KUBECONFIG or ~/.kube/config')
    .option(
      '--address <list>',
      'local IP addresses or localhost, separated by commas (repeatable), or the path of a unix socket (default: localhost)',
      (list, before: string[] = []) => [...before, ...list.split(',')],
    )
    .option(
      '--any-user',
      'let programs of other users of this machine connect too, and those that close before it can be told whose they are',
      false,
    )
    .addOption(
      new Option('--hold <duration>', 'how long a new connection waits for a pod')
        .default(60_000, '60s')
        .argParser(duration),
    )
    .addOption(
      new Option(
        '--pod-running-timeout <duration>',
        'end with an error when no pod serves within this time',
      ).argParser(limit),
    )
    .addOption(
      new Option('--carrier <kind>', 'how port-forward travels')
        .choices(['auto', 'spdy', 'websocket'])
        .default('auto'),
    )
    .option(
      '--wait',
      'wait for a target, rights or a login that is missing at the start, instead of ending',
      false,
    )
    .option('--json', 'print one event a line as JSON', false)
    .option('-q, --quiet', 'print errors only, beside the Forwarding lines', false)
    .option('-v, --verbose', 'print connections, sessions and causes of errors', false)
    .option('--as <user>', 'impersonate this user')
    .option('--as-group <group>', 'impersonate this group (repeatable)', gather)
    .option('--as-uid <uid>', 'impersonate this UID')
    .addHelpText('after', examples)
    .action(async (target: string, ports: string[], flags: ForwardFlags) => {
      const { forward } = await import('./forward.ts');
      await forward({ target, ports, flags }, cli);
    });
}

function limit(text: string): number {
  const valueMs = duration(text);
  if (valueMs === 0) throw new InvalidArgumentError('it must be more than 0');
  return valueMs;
}
