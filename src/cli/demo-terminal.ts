import { randomBytes } from 'node:crypto';
import { createLog, silentLog } from '../base/log.ts';
import type { ForwardEvent } from '../contract/forward-event.ts';
import type { Cli } from './cli.ts';
import { startChaos } from './demo-chaos.ts';
import { DemoClient } from './demo-client.ts';
import { HumanOutput } from './forward-output.ts';
import { colorsFor } from './paint.ts';

const namespace = 'demo';
const pod = `${namespace}/postgres-0`;
const database = { user: 'app', database: 'orders' } as const;

export interface DemoTerminalFlags {
  readonly chaos: boolean;
  readonly verbose: boolean;
}

/** The demonstration in a terminal, by a forward in the foreground, until a signal ends it. Rejects with SP-SANDBOX-START and as runForward does. */
export async function demoTerminal(flags: DemoTerminalFlags, cli: Cli): Promise<void> {
  const { clock, env, stdout, stderr } = cli;
  using ending = cli.untilSignal();
  const [{ startSandbox }, { postgresManifest }, { watchedFolder }, { runForward }] = await Promise.all([
    import('../sandbox/sandbox.ts'),
    import('../sandbox/manifest.ts'),
    import('../sandbox/watchdog.ts'),
    import('../engine/run-forward.ts'),
  ]);

  await using cleanup = new AsyncDisposableStack();
  const dir = await watchedFolder('sallyport-demo-', cleanup);
  stderr.write('Starting a sandbox cluster with a real Postgres…\n');
  const password = randomBytes(9).toString('base64url');
  const manifest = postgresManifest({ namespace, password, ...database });
  const sandbox = cleanup.use(await startSandbox({ dir, namespace, manifest }));

  const output = new HumanOutput({
    stdout,
    stderr,
    clock,
    colors: colorsFor(stderr, cli),
    verbosity: flags.verbose ? 'verbose' : 'normal',
    names: ['5432'],
  });
  cleanup.defer(() => output.end());
  let port: number | undefined;
  let introduced = false;
  const tell = (event: ForwardEvent) => {
    output.print(event);
    if (event.event === 'listening') port ??= event.port;
    if (event.event !== 'state' || event.shown !== 'ready' || introduced || port === undefined) return;
    introduced = true;
    stdout.write(introduction({ port, password, kubeconfig: sandbox.kubeconfigPath }));
    if (!flags.chaos) return;
    const client = cleanup.use(new DemoClient({ ...database, password, port, clock }));
    // What ends with the demonstration has not failed.
    ending.addEventListener('abort', () => client.end(), { once: true });
    const restart = () => sandbox.controls.pods.delete(pod);
    const report = () => void stderr.write(`  client   ${client.summary()}\n`);
    cleanup.use(startChaos({ clock, restart, report }));
  };
  await runForward(
    {
      target: 'statefulset/postgres/0',
      ports: [':5432'],
      addresses: ['localhost'],
      namespace,
      context: undefined,
      kubeconfig: sandbox.kubeconfigPath,
      impersonate: undefined,
      carrier: 'auto',
      anyUser: false,
      holdMs: 60_000,
      patient: true,
      runningTimeoutMs: undefined,
      userAgent: `sallyport/${cli.version} (demo)`,
      env,
      clock,
      log: flags.verbose ? createLog('debug', (line) => stderr.write(`${line}\n`)) : silentLog,
      tell,
      onPluginOutput: () => {},
      onWarning: (text) => stderr.write(`warning: ${text}\n`),
    },
    ending,
  );
}

function introduction(to: {
  readonly port: number;
  readonly password: string;
  readonly kubeconfig: string;
}): string {
  const { user, database: name } = database;
  return [
    '',
    `  psql   PGPASSWORD=${to.password} psql 'host=127.0.0.1 port=${to.port} dbname=${name} user=${user}'`,
    `  URI    postgresql://${user}:${to.password}@127.0.0.1:${to.port}/${name}`,
    '',
    '  Restart the pod and see the port stay:',
    `         kubectl --kubeconfig ${to.kubeconfig} delete pod postgres-0`,
    '  Ctrl-C ends it and leaves nothing behind.',
    '',
    '',
  ].join('\n');
}
