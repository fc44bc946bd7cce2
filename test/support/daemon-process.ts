/** The daemon as a process of its own, as `sallyport daemon` runs it. Folders and kubeconfig come from the environment. */
import { homedir } from 'node:os';
import { AppError } from '../../src/base/app-error.ts';
import { daemonPlaces } from '../../src/base/daemon-places.ts';
import { builtPage } from '../../src/cli/built-page.ts';
import { runDaemon } from '../../src/daemon/daemon.ts';

const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
// Timers of a Clock hold nobody: one that waits for the lock must not end early, as main.ts sees to.
setInterval(() => {}, 2 ** 30);
try {
  await runDaemon(
    {
      places: daemonPlaces({ env: process.env, platform: process.platform }),
      version: process.env.TEST_VERSION ?? '1.0.0-test',
      env: process.env,
      home: process.env.HOME ?? homedir(),
      logLevel: process.env.TEST_LOG_LEVEL === 'debug' ? 'debug' : 'info',
      pageFolder: builtPage(),
      onReady: () => process.stdout.write('ready\n'),
    },
    ending.signal,
  );
} catch (thrown) {
  const { code, message } = AppError.from(thrown);
  process.stderr.write(`error: ${message}\n  ${code}\n`);
  process.exitCode = 9;
}
process.exit();
