import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AppError } from '../base/app-error.ts';
import { isSingleExecutable } from '../base/carried-files.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { builtPage } from './built-page.ts';
import type { Cli } from './cli.ts';
import { fileThatLeadsTo } from './page-address.ts';
import { printError } from './print-error.ts';
import { ownCommand } from './process-cli.ts';
import { sandboxCommandName } from './sandbox-command.ts';

export interface DemoFlags {
  readonly open: boolean;
  readonly verbose: boolean;
}

/**
 * The demonstration in a browser until a signal ends it: a daemon of its own, in folders of its own, whose page offers the sandbox. Nothing of
 * the person's own daemon is touched, and nothing is left behind. Rejects as startDaemon does.
 */
export async function demo(flags: DemoFlags, cli: Cli): Promise<void> {
  // Nor is one to be looked for in a node_modules above it, which anybody may have put there.
  if (isSingleExecutable())
    throw new AppError('SP-SANDBOX-START', {
      message: 'this executable brings no Postgres with it',
      next: 'run it from the repository: npm run demo',
    });
  const { stdout, stderr, env, home, version, platform, stdin } = cli;
  using ending = cli.untilSignal();
  const [{ startDaemon }, { MemoryKeychain }, { SocketControl }, { watchedFolder }] = await Promise.all([
    import('../daemon/daemon.ts'),
    import('../secret/memory-keychain.ts'),
    import('../client/socket-control.ts'),
    import('../sandbox/watchdog.ts'),
  ]);
  await using cleanup = new AsyncDisposableStack();
  const dir = await watchedFolder('sallyport-demo-', cleanup);
  const at = (name: string) => join(dir, name);
  const folders = { config: at('config'), data: at('data'), cache: at('cache'), log: at('log') };
  const places = daemonPlaces({ env: {}, platform, folders });
  cleanup.use(
    await startDaemon({
      places,
      version,
      env: { ...env },
      home,
      pageFolder: builtPage(),
      sandboxCommand: ownCommand(sandboxCommandName),
      keychain: new MemoryKeychain(),
      ...(flags.verbose && { onLogLine: (line: string) => void stderr.write(`${line}\n`) }),
    }),
  );
  const control = cleanup.use(new SocketControl({ socketPath: places.socket, version }));
  const address = async () => (await control.call('ui', {})).url;
  const ended = new Promise<void>((resolve) =>
    ending.addEventListener('abort', () => resolve(), { once: true }),
  );
  const isPerson = stdin.isTTY === true;
  if (flags.open && isPerson) {
    // Where nothing opens addresses, the printed one does.
    await fileThatLeadsTo(await address(), places)
      .then((file) => cli.openAddress(file))
      .catch(() => {});
  }
  stdout.write(introduction(await address(), isPerson));
  if (isPerson) {
    const lines = createInterface({ input: process.stdin });
    cleanup.defer(() => lines.close());
    const printNext = async () => stdout.write(`  Open   ${await address()}\n`);
    // One that is asked for at the end is not had any more.
    lines.on('line', () => void printNext().catch((error) => ending.aborted || printError(error, cli)));
  }
  if (!ending.aborted) await ended;
}

function introduction(url: string, isPerson: boolean): string {
  const again = isPerson ? 'Enter prints another address; Ctrl-C ends it' : 'Ctrl-C ends it';
  return [
    '',
    `  Open   ${url}`,
    '         in a browser of this machine. The address works once, within a minute.',
    '',
    '  Try the sandbox, copy the psql command, paste it into a terminal. Then restart the pod.',
    `  ${again} and leaves nothing behind. In a terminal alone: demo --terminal`,
    '',
    '',
  ].join('\n');
}
