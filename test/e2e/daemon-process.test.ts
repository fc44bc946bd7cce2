import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { spawnDaemon } from '../../src/client/spawn-daemon.ts';
import { stopDaemon } from '../../src/client/stop-daemon.ts';
import { killProcessesWith } from '../support/command.ts';
import { firstLine, tunnelOnce, useMachine } from '../support/daemon-fixture.ts';

const program = fileURLToPath(new URL('../support/daemon-process.ts', import.meta.url));
const command = [process.execPath, program] as const;

// Each test starts programs, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const machine = useMachine();

beforeEach(async () => {
  machine.stack.defer(endDetached);
  const profile = {
    cluster: { server: machine.sandbox.server },
    namespace: 'default',
    target: 'sts/net/0',
    port: 'identity',
  };
  await machine.home.writeProfiles({ profiles: { net: profile, other: profile } });
});

/** A daemon that answers; killed with the test. */
async function running(): Promise<ChildProcess> {
  const child = spawn(command[0], [command[1]], {
    env: machine.home.processEnv,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  machine.stack.defer(() => killed(child));
  await once(child.stdout!, 'data');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * Ends every process that has this home in its environment: those that were detached, and those that came too late to be the daemon and
 * would be it once the first is gone.
 */
async function endDetached(): Promise<void> {
  while ((await killProcessesWith(`XDG_RUNTIME_DIR=${machine.home.dir}/`)) > 0) await nextTurn();
}

const start = () => spawnDaemon({ command, places: machine.home.places, env: machine.home.processEnv });

describe('kill -9', () => {
  it('brings back what was wanted on the same port, with a client that came in between', async () => {
    const first = await running();
    const control = machine.stack.use(machine.home.control());
    const { outcomes } = await control.call('up', { names: ['net'], waitMs: 20_000 });
    const { localPort } = outcomes[0]!.tunnel!;
    const line = await firstLine(localPort!);
    await killed(first);
    await running();
    expect(await firstLine(localPort!)).toBe(line);
    const { tunnels } = await control.call('tunnels', {});
    expect(tunnels.map(({ id, wanted, localPort: port }) => [id, wanted, port])).toEqual([
      ['user/net', 'on', localPort],
      ['user/other', 'off', undefined],
    ]);
  });

  it('is noticed by who follows, who then sees the next daemon', async () => {
    const first = await running();
    const control = machine.stack.use(machine.home.control());
    const lost = Promise.withResolvers<Error>();
    const back = Promise.withResolvers<number>();
    using _ = control.subscribe({
      onView: ({ daemon }) => daemon.pid !== first.pid && back.resolve(daemon.pid),
      onLost: lost.resolve,
    });
    await control.call('version', {});
    await killed(first);
    expect(await lost.promise).toMatchObject({ code: 'SP-DAEMON-LOST' });
    const second = await running();
    expect(await back.promise).toBe(second.pid);
  });
});

describe('a daemon that is started on demand', () => {
  it('is one, however many clients start it at once, and outlives them', async () => {
    const controls = Array.from({ length: 3 }, () => machine.stack.use(machine.home.control({ start })));
    const pids = await Promise.all(controls.map(async (control) => (await control.call('version', {})).pid));
    expect(new Set(pids).size).toBe(1);
  });

  it('says why it does not come up', async () => {
    await chmod(machine.home.places.folders.config, 0o777);
    await using control = machine.home.control({ start });
    await expect(control.call('version', {})).rejects.toMatchObject({
      code: 'SP-DAEMON-START',
      details: { message: 'it ended with exit code 9', why: expect.stringContaining('SP-FOLDER-UNSAFE') },
    });
  });

  it('ends when asked, cleanly, and what is wanted comes back with the next', async () => {
    const control = machine.stack.use(machine.home.control({ start }));
    const { outcomes } = await control.call('up', { names: ['net'], waitMs: 20_000 });
    const first = await control.call('version', {});
    await using asking = machine.home.control();
    await stopDaemon(asking);
    expect(await readdir(machine.home.places.runtime)).toEqual([]);
    const second = await control.call('version', {});
    expect(second.pid).not.toBe(first.pid);
    const tunnel = await tunnelOnce(control, 'user/net', ({ shown }) => shown === 'ready');
    expect(tunnel.localPort).toBe(outcomes[0]!.tunnel!.localPort);
    expect(await readFile(machine.home.places.logFile, 'utf8')).toContain('daemon ends');
  });
});

/** Runs a program as another user, who tries everything that the daemon offers, and says what came of it. */
async function asOther(source: string, uid = 65_534): Promise<string> {
  const file = join(machine.dir, 'other.mjs');
  await writeFile(file, source);
  await chmod(machine.dir, 0o755);
  await chmod(file, 0o644);
  // Not the Node of node_modules, which another user may not reach.
  const child = spawn('node', [file, machine.home.places.socket], {
    uid,
    gid: uid,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  return said.trim();
}

describe.skipIf(process.getuid?.() !== 0)('another user of the machine (needs root to become one)', () => {
  const attempt = `
    import { request } from 'node:http';
    const where = { socketPath: process.argv[2], method: 'POST', path: '/v1/version', agent: false };
    const call = request(where, (answer) => {
      console.log('answered ' + answer.statusCode);
      answer.resume();
    });
    call.on('error', (error) => console.log(error.code));
    call.end();`;

  it('gets nothing from the socket, even where the folder is opened by mistake', async () => {
    await running();
    await chmod(machine.home.dir, 0o755);
    await chmod(join(machine.home.dir, 'run'), 0o755);
    expect(await asOther(attempt)).toBe('EACCES');
    await chmod(machine.home.places.runtime, 0o755);
    expect(await asOther(attempt)).toBe('EACCES');
    await chmod(machine.home.places.socket, 0o666);
    // The proof that the attempt is one.
    expect(await asOther(attempt)).toBe('answered 200');
  });

  it('gets nothing from the page, not with a token that works either', async () => {
    await running();
    const control = machine.stack.use(machine.home.control());
    const { host, port, pathname, search } = new URL((await control.call('ui', {})).url);
    const source = `
      import { request } from 'node:http';
      const ask = (path) => new Promise((resolve) => {
        const [host, port] = ${JSON.stringify([host, port])};
        const call = request({ host: '127.0.0.1', port, path, headers: { host }, agent: false });
        call.on('response', (answer) => resolve(answer.resume().statusCode));
        call.on('error', (error) => resolve(error.code));
        call.end();
      });
      const tries = ['/', '/v1/tunnels', '/metrics', ${JSON.stringify(pathname + search)}];
      console.log((await Promise.all(tries.map(ask))).join());`;
    expect(await asOther(source)).toBe(Array(4).fill('ECONNRESET').join());
    // The proof that the attempt is one.
    expect(await asOther(source, process.getuid!())).toBe('403,403,403,200');
  });
});
