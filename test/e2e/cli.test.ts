import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { daemonNodeFlags } from '../../src/cli/process-cli.ts';
import { commandOutputs } from '../../src/contract/command-output.ts';
import { netserverManifest, netserverPorts } from '../../src/sandbox/manifest.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type Outcome, processesWith, product } from '../support/command.ts';
import { firstLine } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';

/** Of one command; a test runs up to sixteen, one after the other, each a process of its own. */
const timeoutMs = 30_000;

let dir: string;
let env: NodeJS.ProcessEnv;
let sandbox: Sandbox;
let port: number;
const netPort = netserverPorts.identity;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-cli-'));
  sandbox = await startSandbox({
    dir: join(dir, 'sandbox'),
    namespace: 'data',
    manifest: netserverManifest('data'),
  });
  const at = (name: string) => join(dir, name);
  await mkdir(at('run'), { mode: 0o700 });
  await mkdir(at('work'));
  env = {
    PATH: process.env.PATH,
    HOME: dir,
    XDG_RUNTIME_DIR: at('run'),
    XDG_CONFIG_HOME: at('config'),
    XDG_DATA_HOME: at('data'),
    XDG_STATE_HOME: at('state'),
    XDG_CACHE_HOME: at('cache'),
    KUBECONFIG: sandbox.kubeconfigPath,
  };
  port = await freePort();
});

afterAll(async () => {
  await sallyport('daemon', 'stop');
  await sandbox.stop();
  await rm(dir, { recursive: true, force: true });
});

/** The program as its user runs it; standard input is no terminal. */
class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  #stdout = '';
  #stderr = '';

  constructor(argv: readonly string[], more: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [product, ...argv], {
      env: { ...env, ...more },
      cwd: join(dir, 'work'),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => ({
      code,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** Resolves when standard output fits. */
  async said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#stdout)) {
      const over = this.ended.then(({ stderr }) => Promise.reject(new Error(`it ended: ${stderr}`)));
      await Promise.race([once(this.child.stdout!, 'data'), over]);
    }
  }
}

function sallyport(...argv: readonly string[]): Promise<Outcome> {
  return new Running(argv).ended;
}

async function ok(...argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await sallyport(...argv);
  expect(code, `${argv.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

describe('the command line with a daemon of its own', { timeout: 4 * timeoutMs }, () => {
  test('knows without a daemon what can be known, and starts none for it', async () => {
    expect(await ok('version')).toMatch(/daemon +not running/);
    expect((await sallyport('daemon', 'status')).code).toBe(9);
    expect(await ok('profile', 'validate')).toContain('nothing is wrong');
    expect(await ok('version')).toMatch(/daemon +not running/);
  });

  test('a profile written by hand comes up by name, with a daemon that is started for it', async () => {
    const profiles = `# mine
version: 1
profiles:
  # the test server
  net:
    cluster: { context: sandbox }
    namespace: data
    target: statefulset/net/0
    port: ${netPort}
    local: ${port}
`;
    await mkdir(join(dir, 'config', 'sallyport'), { recursive: true, mode: 0o700 });
    await writeFile(join(dir, 'config', 'sallyport', 'profiles.yaml'), profiles, { mode: 0o600 });
    const said = await ok('up', 'net');
    expect(said).toMatch(
      new RegExp(`^● net ready in .* · net-0 · [0-9a-f]{4} · .* · 127\\.0\\.0\\.1:${port}`),
    );
    expect(await firstLine(port)).toContain('net-0');
    expect(await ok('status')).toMatch(/● net +ready +127\.0\.0\.1:\d+ +net-0 · [0-9a-f]{4}/);
    expect(await ok('version')).toMatch(/daemon +\d+\.\d+\.\d+ \(pid \d+\)/);
  });

  test.runIf(process.platform === 'linux')('starts it as the benchmark does', async () => {
    const { pid } = JSON.parse(await ok('daemon', 'status', '--json'));
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    expect(words.slice(1, 1 + daemonNodeFlags.length)).toEqual(daemonNodeFlags);
  });

  test('several commands at one time start one daemon', async () => {
    await ok('daemon', 'stop');
    await Promise.all([1, 2, 3, 4].map(() => ok('up', 'net')));
    const { pid } = JSON.parse(await ok('daemon', 'status', '--json'));
    // Those that came too late may still be ending.
    if (process.platform === 'linux')
      await expect
        .poll(() => processesWith(`XDG_RUNTIME_DIR=${env.XDG_RUNTIME_DIR}`), { timeout: 10_000 })
        .toEqual([String(pid)]);
    // What was up is up again, on its port.
    expect(await firstLine(port)).toContain('net-0');
  });

  test('status --watch says when the pod is a new one', async () => {
    const watching = new Running(['status', '--watch', '--json']);
    await watching.said(/"shown":"ready"/);
    const before = JSON.parse(await ok('status', '--json')).tunnels[0].state.pod.uid;
    sandbox.controls.pods.delete('data/net-0');
    await watching.said(/"shown":"waiting"[\s\S]*"shown":"ready"/);
    watching.child.kill('SIGINT');
    const { code, stdout } = await watching.ended;
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => commandOutputs['status --watch'].parse(JSON.parse(line)));
    const last = events.findLast((event) => event.event === 'tunnel' && event.tunnel.shown === 'ready');
    expect(last).toMatchObject({ tunnel: { state: { pod: { name: 'net-0' } } } });
    expect(JSON.stringify(last)).not.toContain(before);
  });

  test('run waits until it is ready, passes exit code and signals, and leaves things as they were', async () => {
    await ok('down', 'net');
    const script = 'test "$TUNNEL_PORT" = "$NET_TUNNEL_PORT" && exit 42';
    expect((await sallyport('run', 'net', '--', 'sh', '-c', script)).code).toBe(42);
    expect(JSON.parse(await ok('status', '--json')).tunnels).toEqual([]);

    const child = new Running([
      'run',
      'net',
      '--',
      'sh',
      '-c',
      'trap "echo got it; exit 3" TERM; echo up; while :; do sleep 0.1; done',
    ]);
    await child.said(/up/);
    child.child.kill('SIGTERM');
    expect(await child.ended).toMatchObject({ code: 3, stdout: 'up\ngot it\n' });

    const killed = new Running(['run', 'net', '--', 'sh', '-c', 'kill -KILL $$']);
    expect((await killed.ended).code).toBe(137);
    const missing = await sallyport('run', 'net', '--', 'no-such-program');
    expect(missing.code).toBe(9);
    expect(missing.stderr).toContain('there is no program no-such-program');
    expect(JSON.parse(await ok('status', '--json')).tunnels).toEqual([]);
  });

  test('profiles are added, edited, removed and imported with their comments kept, and count at once', async () => {
    await ok('profile', 'add', 'more', 'svc/net', String(netPort), '-n', 'data', '--context', 'sandbox');
    expect(await ok('up', 'more')).toContain('● more ready');
    await ok('profile', 'edit', 'more', '--description', 'one more');
    expect(JSON.parse(await ok('show', 'more', '--json'))).toMatchObject({
      profile: { profile: { description: 'one more' } },
    });
    const line = [
      'kubectl',
      '--context',
      'sandbox',
      'port-forward',
      '-n',
      'data',
      'pod/net-0',
      `:${netPort}`,
    ];
    expect(await ok('profile', 'import', '--', ...line)).toContain('net-0');
    expect(await ok('up', 'net-0')).toContain('● net-0 ready');
    await ok('profile', 'remove', 'more');
    const file = await readFile(join(dir, 'config', 'sallyport', 'profiles.yaml'), 'utf8');
    expect(file).toMatch(/^# mine\nversion: 1\nprofiles:\n {2}# the test server\n {2}net:\n/);
    expect(file).not.toContain('more');
    expect((await sallyport('up', 'more')).code).toBe(2);
    await ok('down', '--all');
  });

  test("a project's profile does not start before it was agreed to, and again when it has changed", async () => {
    const project = join(dir, 'work', 'sallyport.yaml');
    const text = (remotePort: number) =>
      `version: 1\nprofiles:\n  theirs: {cluster: {context: sandbox}, namespace: data, target: pod/net-0, port: ${remotePort}}\n`;
    await writeFile(project, text(netPort));
    const refused = await sallyport('up', 'theirs');
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/next: +sallyport profile trust/);
    expect((await sallyport('profile', 'trust', 'theirs')).code).toBe(5);
    await ok('profile', 'trust', 'theirs', '--yes');
    expect(await ok('up', 'theirs')).toContain('● theirs ready');
    await ok('down', 'theirs');
    await writeFile(project, text(netserverPorts.echo));
    await ok('list');
    const changed = await sallyport('up', 'theirs');
    expect(changed.code).toBe(5);
    expect(changed.stderr).toContain('has changed since you agreed to it');
  });

  test('completes commands, options and names', async () => {
    const complete = async (...words: string[]) =>
      (await ok('complete', '--', ...words)).split('\n').map((line) => line.split('\t')[0]);
    expect(await complete('sta')).toContain('status');
    expect(await complete('up', '')).toContain('net');
    expect(await complete('profile', 'va')).toContain('validate');
    expect(await complete('url', 'net', '--format', '')).toContain('jdbc');
    const { tunnels } = JSON.parse(await ok('status', '--all', '--json'));
    const { target } = tunnels.find(({ name }: { name: string }) => name === 'net');
    for (const words of [['forward'], ['profile', 'add', 'new'], ['pods', '--target']])
      expect(await complete(...words, ''), words.join(' ')).toContain(target);
    await ok('profile', 'group', 'add', 'work', 'net');
    await ok('profile', 'source', 'add', 'shared', '.');
    expect(await complete('up', '--group', '')).toContain('work');
    expect(await complete('profile', 'group', 'remove', '')).toContain('work');
    expect(await complete('profile', 'source', 'remove', '')).toContain('shared');
    expect(await complete('profile', 'source', 'add', '')).not.toContain('shared');
    await ok('profile', 'source', 'remove', 'shared');
    expect(await ok('completion', 'bash')).toContain('complete');
  });

  test('an unknown name ends with the error table’s code, as JSON too', async () => {
    const { code, stdout, stderr } = await sallyport('show', 'nett', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout).error).toMatchObject({ code: 'SP-TUNNEL-UNKNOWN', next: 'did you mean net?' });
    expect(stderr).toContain('SP-TUNNEL-UNKNOWN · exit 2');
  });
});
