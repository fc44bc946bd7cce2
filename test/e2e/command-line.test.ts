import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { forwardEventSchema } from '../../src/contract/forward-event.ts';
import { netserverManifest, netserverPorts } from '../../src/sandbox/manifest.ts';
import { type Sandbox, sandboxToken, startSandbox } from '../../src/sandbox/sandbox.ts';
import { command, product } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { hasIpv6 } from '../support/has-ipv6.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { type Forward, type ForwardOptions, startForward } from '../support/subject.ts';
import { net } from '../support/world.ts';

/** `sallyport forward` as its user meets it: the program that is shipped, its arguments, its lines, its exit code. */
let dir: string;
let sandbox: Sandbox;

beforeAll(async () => {
  await stat(product).catch(() => {
    throw new Error('there is no dist/sallyport.js: npm run build');
  });
  dir = await mkdtemp(join(tmpdir(), 'sallyport-cli-'));
  const elsewhere = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'elsewhere' } };
  sandbox = await startSandbox({
    dir: join(dir, 'sandbox'),
    manifest: [
      ...netserverManifest(),
      { ...elsewhere, spec: { type: 'ExternalName', externalName: 'db.example.com' } },
    ],
    // The developer of the second context may do nothing.
    allow: ({ user }) => user !== sandboxToken.user,
  });
  await sandbox.controls.pods.until(net);
});

afterAll(async () => {
  await sandbox.stop();
  await rm(dir, { recursive: true });
  await expectNoHandles();
});

const forward = (options: Pick<ForwardOptions, 'ports'> & Partial<ForwardOptions>): Forward =>
  startForward({
    kubeconfig: sandbox.kubeconfigPath,
    namespace: 'default',
    target: 'pod/net-0',
    carrier: 'auto',
    ...options,
  });
const run = (...args: string[]) => command(['forward', '--kubeconfig', sandbox.kubeconfigPath, ...args]);

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s with a connection open ends it with exit code 0 and leaves no process',
  async (signal) => {
    await using running = forward({ ports: [':echo'] });
    using conversation = new Conversation(await running.port());
    await conversation.echo('open');
    expect(await running.stop(signal)).toEqual({ code: 0, signal: null });
    await conversation.closed;
  },
);

test('it prints the lines of kubectl on stdout, with the port of the pod, and nothing else there', async () => {
  const child = spawn(process.execPath, [product, 'forward', ...toSandbox(), 'svc/net', ':banner'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stderr = createInterface({ input: child.stderr });
  const stdout: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => stdout.push(line));
  for await (const line of stderr) if (line.includes('● ready')) break;
  child.kill('SIGINT');
  await once(child, 'close');
  const port = /^Forwarding from 127\.0\.0\.1:(\d+) -> 7012$/.exec(stdout[0] ?? '')?.[1];
  expect(Number(port)).toBeGreaterThan(0);
  const v6 = (await hasIpv6()) ? [`Forwarding from [::1]:${port} -> 7012`] : [];
  expect(stdout).toEqual([`Forwarding from 127.0.0.1:${port} -> 7012`, ...v6]);
});

test('every line of --json is an event of the contract, and nothing but it', async () => {
  const child = spawn(process.execPath, [product, 'forward', '--json', ...toSandbox(), 'net-0', ':echo'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const seen: string[] = [];
  let port = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const sent: unknown = JSON.parse(line);
    const event = forwardEventSchema.parse(sent);
    expect(event).toEqual(sent);
    seen.push(event.event);
    if (event.event === 'listening') port = event.port ?? 0;
    if (event.event === 'state' && event.shown === 'ready' && !seen.includes('connection-start'))
      void talk(port);
    if (event.event === 'connection-end') child.kill('SIGTERM');
  }
  expect(new Set(seen)).toEqual(new Set(['listening', 'state', 'connection-start', 'connection-end']));
});

test('an error is the last line of --json, with the sentence that people read', async () => {
  const { code, stdout } = await run('--json', 'pod/absent', '5432');
  expect(code).toBe(7);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => forwardEventSchema.parse(JSON.parse(line)));
  expect(lines.at(-1)).toMatchObject({
    event: 'error',
    error: { code: 'SP-TARGET-NOT-FOUND' },
    headline: 'pod/absent does not exist in namespace default',
  });
});

test(':REMOTE takes a free local port, REMOTE the same one, LOCAL:REMOTE the one that is named', async () => {
  const local = await freePort();
  await using running = forward({ ports: [':banner', `${local}:banner`, String(netserverPorts.banner)] });
  expect(await running.port(0)).not.toBe(netserverPorts.banner);
  expect(await running.port(1)).toBe(local);
  expect(await running.port(2)).toBe(netserverPorts.banner);
  for (const tunnel of [0, 1, 2]) {
    expect((await readLine(await running.port(tunnel))).text).toBe('hello from net-0');
  }
});

test('a local port in use ends it with exit code 9 and names the program that has it', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  onTestFinished(() => void holder.close());
  const { port } = holder.address() as AddressInfo;
  const { code, stderr, stdout } = await run('pod/net-0', `${port}:banner`);
  expect(code).toBe(9);
  expect(stdout).toBe('');
  expect(stderr).toContain(`error: 127.0.0.1:${port} is in use`);
  if (process.platform === 'linux') expect(stderr).toContain(`(pid ${process.pid})`);
  expect(stderr).toContain('SP-LOCAL-PORT-IN-USE · exit 9');
});

test('a unix socket is for its user alone, serves, and is gone afterwards', async () => {
  const sockets = await mkdtemp(join(dir, 'sockets-'));
  const path = join(sockets, 'banner');
  await using running = forward({ ports: [':banner'], extraArguments: ['--address', path] });
  await running.event((event) => event.event === 'listening' && event.address === path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const client = connect(path);
  const [greeting] = await once(client, 'data');
  expect(String(greeting)).toBe('hello from net-0\n');
  client.destroy();
  expect(await running.stop()).toEqual({ code: 0, signal: null });
  expect(await readdir(sockets)).toEqual([]);
});

test('it ends, and takes its unix socket away, when the pipe that it prints to has lost its reader', async () => {
  const path = join(await mkdtemp(join(dir, 'sockets-')), 'banner');
  const words = [product, 'forward', '--json', ...toSandbox(), 'net-0', ':banner', '--address', path];
  // It reads as far as that line, and goes.
  const script = '{ "$@"; echo "exit code $?" >&2; } | sed /listening/q';
  const child = spawn('sh', ['-c', script, 'sh', process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([text(child.stderr), once(child, 'close')]);
  const [lines] = await once(child.stdout, 'data');
  expect(String(lines)).toContain(path);
  // Connections are what it has something to print of.
  const isThere = () =>
    stat(path).then(
      () => true,
      () => false,
    );
  while (await isThere()) {
    const client = connect(path).resume();
    // It may end while we connect.
    client.on('error', () => {}).once('data', () => client.destroy());
    await new Promise((resolve) => client.once('close', resolve));
  }
  expect((await ended)[0]).toBe('exit code 0\n');
});

test.each([
  ['no arguments', 2, 'SP-USAGE', []],
  ['an option that there is not', 2, 'SP-USAGE', ['--nonsense', 'pod/net-0', '80']],
  ['a kind that there is not', 2, 'SP-USAGE', ['gizmo/net', '80']],
  ['a port that is none', 2, 'SP-USAGE', ['pod/net-0', '1:2:3']],
  ['a duration that is none', 2, 'SP-USAGE', ['--hold', 'long', 'pod/net-0', '80']],
  ['a group without a user to be', 2, 'SP-USAGE', ['--as-group', 'g', 'pod/net-0', '80']],
  [
    'a kubeconfig that is not there',
    3,
    'SP-KUBECONFIG-MISSING',
    ['--kubeconfig', '/absent', 'pod/net-0', '80'],
  ],
  ['a context that is not there', 3, 'SP-CONTEXT-UNKNOWN', ['--context', 'absent', 'pod/net-0', '80']],
  ['a user who may not', 5, 'SP-FORBIDDEN', ['--context', 'token', 'pod/net-0', '80']],
  ['a pod that is not there', 7, 'SP-TARGET-NOT-FOUND', ['pod/absent', '80']],
  ['a Service outside of the cluster', 7, 'SP-TARGET-UNSUPPORTED', ['svc/elsewhere', '80']],
  ['a port name that the pod has not', 7, 'SP-PORT-UNKNOWN', ['pod/net-0', ':postgres']],
  [
    'an address of another machine',
    9,
    'SP-LOCAL-ADDRESS',
    ['--address', '192.0.2.1', 'pod/net-0', ':banner'],
  ],
] as const)('%s: exit code %i, %s, on one screen without a stack', async (_what, code, name, args) => {
  const outcome = await run(...args);
  expect(outcome).toMatchObject({ code, stdout: '' });
  expect(outcome.stderr).toMatch(/^error: /m);
  expect(outcome.stderr).toContain(`${name} · exit ${code}`);
  expect(outcome.stderr).not.toMatch(/\n\s+at /);
  expect(outcome.stderr.split('\n').length).toBeLessThan(24);
});

test('credentials that are not accepted: exit code 4', async () => {
  const token = sandbox.controls.tokens.issue(sandboxToken);
  sandbox.controls.api.fail({ httpCode: 401 });
  onTestFinished(() => sandbox.controls.api.restore());
  const outcome = await run('--context', 'token', 'pod/net-0', '80');
  expect(outcome.code).toBe(4);
  expect(outcome.stderr).toContain('SP-LOGIN-REQUIRED · exit 4');
  expect(outcome.stderr).not.toContain(token);
});

test('a Node that is too old gets one line, not a syntax error', async (context) => {
  const node = await oldNode();
  if (!node) return context.skip('there is no Node older than 22.19 on PATH');
  const outcome = await command(['forward', 'pod/net-0', '80'], { node: node.path });
  expect(outcome).toEqual({
    code: 1,
    stdout: '',
    stderr: `sallyport needs Node 22.19 or later, this is ${node.version}\n`,
  });
});

async function talk(port: number): Promise<void> {
  using conversation = new Conversation(port);
  await conversation.echo('hello');
}

function toSandbox(): readonly string[] {
  return ['--kubeconfig', sandbox.kubeconfigPath];
}

/** The first Node on PATH beside those of node_modules, where it is too old for the program. */
async function oldNode(): Promise<{ path: string; version: string } | undefined> {
  const folders = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
  for (const folder of folders) {
    const path = join(folder, 'node');
    const asked = await promisify(execFile)(path, ['-p', 'process.versions.node']).catch(() => undefined);
    const version = asked?.stdout.trim();
    if (version === undefined) continue;
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < 22 || (major === 22 && minor < 19)) return { path, version };
  }
  return undefined;
}
