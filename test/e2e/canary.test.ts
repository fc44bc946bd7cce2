import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { SocketControl } from '../../src/client/socket-control.ts';
import { operations } from '../../src/contract/control.ts';
import { eventsPath, metricsPath, openApiPath, operationPath } from '../../src/contract/control-protocol.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { Canary } from '../support/canary.ts';
import {
  canaries,
  login,
  plantedManifest,
  plantKubeconfig,
  plantProfiles,
  plantSettings,
  program,
  startedFolder,
} from '../support/canary-plants.ts';
import { CanaryWitness } from '../support/canary-witness.ts';
import { product } from '../support/command.ts';
import { CommandLineUser } from '../support/command-line-user.ts';
import { tunnelOnce } from '../support/daemon-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';

/**
 * Secrets are planted wherever one belongs, the program goes through success and failure, and all that it said, wrote, sent or was started
 * with is looked through for them. Heap and core dumps are not: whoever may read the memory of a process has what it uses.
 */

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const pod = 'default/postgres-0';
const debugDaemon = fileURLToPath(new URL('../support/daemon-process.ts', import.meta.url));
const daemons = {
  'as it is shipped': [product, 'daemon', '--verbose'],
  'with its debug log': [debugDaemon],
} as const;

let dir: string;
let sandbox: Sandbox;
let person: CommandLineUser;
let witness: CanaryWitness;
let stack: AsyncDisposableStack;
let all: Canary[];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  dir = await mkdtemp(join(tmpdir(), 'canary-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  sandbox = stack.use(await startSandbox({ dir: join(dir, 'sandbox'), manifest: plantedManifest() }));
  await sandbox.controls.pods.until(pod);
  const { path: KUBECONFIG, bearer, exec } = await plantKubeconfig({ dir, sandbox });
  all = [...Object.values(canaries), bearer, exec];
  person = stack.use(await CommandLineUser.create({ KUBECONFIG }));
  // What is left in the folder for temporary files is looked at too.
  await mkdir(join(person.home.dir, 'tmp'));
  const more = { TMPDIR: join(person.home.dir, 'tmp'), CANARY_VARIABLE: canaries.variable.text };
  Object.assign(person.env, more);
  witness = new CanaryWitness([
    // Where its user has put it; programs inherit it.
    { where: /^environment of /, canary: canaries.variable.name },
    // What a program is run for: with the gateway off it is given the database's own password, else that of the tunnel.
    { where: /^environment of as-run/, canary: canaries.database.name },
    { where: /^environment of as-run/, canary: ownPasswordOf('db') },
    // Who wrote a statement is told by the server what of it was wrong.
    { where: /^what a client is told$/, canary: canaries.unread.name },
    { where: /^what a client is told$/, canary: canaries.literal.name },
    // Written there by hand, though it ought not to be.
    { where: /^file: .*profiles\.yaml$/, canary: canaries.profile.name },
    { where: /^file: .*settings\.yaml$/, canary: canaries.settings.name },
    // An address with its password, as the user gave it to the command.
    { where: /^file: .*profiles\.yaml$/, canary: canaries.git.name },
    { where: /^environment of git/, canary: canaries.git.name },
  ]);
});

afterEach(async () => {
  await stack.disposeAsync();
  await expectNoHandles();
});

const ownPasswordOf = (name: string) => `the tunnel's own password of ${name}`;

interface Receiver {
  readonly url: string;
  readonly bodies: string[];
}

/** Of audit events; what it is sent is put down, but for the token and signature, which are for it. */
async function receiver(): Promise<Receiver> {
  const bodies: string[] = [];
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { authorization: _, ...headers } = incoming.headers;
      bodies.push(`${incoming.url} ${JSON.stringify(headers)} ${Buffer.concat(chunks)}`);
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

async function sallyport(...argv: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await person.run(...argv);
  witness.add(`sallyport ${argv.join(' ')}`, `${code}\n${stdout}\n${stderr}`);
}

/** What programs were started with that put it down themselves. */
async function addStarted(): Promise<void> {
  const folder = startedFolder(dir);
  for (const name of await readdir(folder)) witness.add(name, await readFile(join(folder, name)));
}

/** All that can be asked about a tunnel without asking for its password. */
async function lookAt(name: string): Promise<void> {
  await sallyport('show', name);
  await sallyport('show', name, '--json');
  await sallyport('logs', name, '--json');
  await sallyport('url', name, '--without-password', '--format', 'uri');
  await sallyport('check', name, '--rbac', '--verbose');
}

/** The real one, after its arguments and environment were put down. */
async function gitScript(): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', 'command -v git']);
  const folder = startedFolder(dir);
  const put = ['arguments', 'environment'].map((what, index) => {
    const source = ['cmdline', 'environ'][index];
    return `cat /proc/$$/${source} > "${folder}/${what} of git $$"`;
  });
  return [`mkdir -p "${folder}"`, ...put, `exec ${stdout.trim()} "$@"`].join('\n');
}

async function startDaemon(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, {
    env: { ...person.env, TEST_LOG_LEVEL: 'debug' },
    cwd: person.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => witness.add(`${name} of the daemon`, chunk));
  const answers = async () => {
    if (child.exitCode !== null) throw new Error('the daemon has ended');
    await using control = person.home.control();
    await control.call('version', {});
  };
  await vi.waitFor(answers, { timeout: 20_000, interval: 50 });
  return child;
}

/** A module that throws where nobody catches it, when it is told to. */
async function bomb(): Promise<string> {
  const path = join(dir, 'bomb.mjs');
  await writeFile(path, "process.on('SIGUSR2', () => { throw new Error('nobody catches this'); });");
  return path;
}

function overSocket(method: string, path: string, body?: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const { socket: socketPath } = person.home.places;
    const asking = request(
      { socketPath, path, method, ...(body !== undefined && { headers }) },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve(`${response.statusCode} ${JSON.stringify(response.headers)} ${text}`),
        );
      },
    );
    asking.on('error', reject).end(body);
  });
}

function listenToEvents(): void {
  const socket = new WebSocket(`ws+unix://${person.home.places.socket}:${eventsPath}`);
  socket.on('message', (message: Buffer) => witness.add('an event', message));
  socket.on('error', () => {});
  stack.defer(() => socket.terminate());
}

/** As a client logs in at a gateway; what it is told is put down. */
async function connected(port: number, password: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ host: '127.0.0.1', port, ...login, password });
  const told = (error: Error) =>
    witness.add('what a client is told', JSON.stringify({ ...error, text: `${error}` }));
  client.on('error', told);
  try {
    await client.connect();
    for (const sql of statements) await client.query(sql).catch(told);
  } catch (error) {
    told(error as Error);
  } finally {
    await client.end().catch(() => {});
  }
}

async function portOf(control: SocketControl, name: string): Promise<number> {
  const { outcomes } = await control.call('up', { names: [name], waitMs: 20_000 });
  witness.add(`up ${name}`, JSON.stringify(outcomes));
  const address = outcomes[0]?.tunnel?.addresses[0];
  return address?.kind === 'tcp' ? address.port : 0;
}

/** The tunnel's own password, which is a secret too. */
async function ownPassword(control: SocketControl, name: string): Promise<string> {
  const answer = await control.call('password', { name });
  if (answer.kind !== 'found') throw new Error(`${name}: the answer is ${answer.kind}`);
  if (!all.some(({ text }) => text === answer.password))
    all.push(new Canary(ownPasswordOf(name), answer.password));
  return answer.password;
}

async function openPasswordFile(control: SocketControl): Promise<void> {
  const keep = () => control.call('keepPassword', { name: 'kept', ask: true, password: canaries.kept.text });
  const asked = await keep();
  if (asked.kind !== 'asked') throw new Error(`the answer is ${asked.kind}`);
  const question = asked.question.id;
  const answer = { kind: 'passphrase', passphrase: canaries.passphrase.text } as const;
  await control.call('answer', { question, answer });
  if (asked.question.kind === 'passphrase' && asked.question.isNew) await keep();
}

const readable = [
  `select '${canaries.literal.core}' as a, E'${canaries.literal.core}', $x$${canaries.literal.core}$x$`,
  `do $$ begin perform '${canaries.literal.core}'; end $$`,
  `prepare p as select '${canaries.literal.core}'::text /* ${canaries.literal.core} */ -- ${canaries.literal.core}`,
  `set application_name = '${canaries.literal.core}'`,
  `alter role ${login.user} password '${canaries.literal.core}' valid until 'nonsense'`,
];
const unreadable = [
  `select 'a\\${canaries.unread.core}`,
  `selec ${canaries.unread.core}`,
  `"${canaries.unread.core}`,
];

async function throughTheGateways(control: SocketControl): Promise<void> {
  for (const name of ['db', 'reader']) {
    const port = await portOf(control, name);
    const password = await ownPassword(control, name);
    await connected(port, password, [...readable, ...unreadable]);
    await connected(port, canaries.attempt.text, []);
    await connected(port, canaries.database.text, []);
  }
  for (const name of ['wrong', 'url', 'long', 'missing', 'kept', 'variable', 'command', 'failing', 'file']) {
    const port = await portOf(control, name);
    await connected(port, await ownPassword(control, name), []);
  }
  for (const name of ['broken', 'proxied']) await control.call('up', { names: [name] });
}

async function losePod(control: SocketControl): Promise<void> {
  const port = await portOf(control, 'db');
  const client = new Client({
    host: '127.0.0.1',
    port,
    ...login,
    password: await ownPassword(control, 'db'),
  });
  const told = new Promise<unknown>((resolve) => client.on('error', resolve));
  await client.connect();
  sandbox.controls.pods.delete(pod);
  const error = await told;
  expect(error).toMatchObject({ code: '57P01' });
  witness.add('what a client is told', JSON.stringify(error));
  await sandbox.controls.pods.until(pod);
  await tunnelOnce(control, 'user/db', ({ shown }) => shown === 'ready');
}

async function askEverything(): Promise<void> {
  for (const argv of [
    ['status', '--json', '--all'],
    ['status'],
    ['list', '--json'],
    ['daemon', 'status', '--json'],
    ['audit', 'list', '--json'],
    ['audit', 'verify'],
    ['audit', 'export', '--format', 'csv'],
    ['profile', 'validate'],
    ['complete', '--', 'up', ''],
    ['completion', 'bash'],
    ['version', '--json'],
  ])
    await sallyport(...argv);
  for (const name of ['db', 'wrong', 'proxied']) await lookAt(name);
  for (const path of [metricsPath, openApiPath]) witness.add(path, await overSocket('GET', path));
  for (const name of Object.keys(operations))
    if (!['password', 'connectionString', 'shutdown', 'ui'].includes(name))
      witness.add(`operation ${name}`, await overSocket('POST', operationPath(name), '{"name":"db"}'));
}

async function makeMistakes(): Promise<void> {
  const { userFile, settingsFile } = person.home.places;
  await sallyport('forward', '--verbose', '--kubeconfig', join(dir, 'mistaken'), 'pod/x', '1');
  await sallyport('forward', '--json', '--context', 'broken', 'pod/postgres-0', ':5432');
  await sallyport(
    'profile',
    'source',
    'add',
    'team',
    `https://me:${encodeURIComponent(canaries.git.text)}@127.0.0.1:9/x`,
  );
  await sallyport('profile', 'pull');
  await sallyport('profile', 'source', 'list', '--json');
  const profiles = await readFile(userFile, 'utf8');
  const own = JSON.stringify({
    profiles: { mistaken: { target: 'pod/x', port: 1, connection: { password: canaries.profile.text } } },
  });
  for (const wrong of [own, `profiles:\n  a: {target: pod/x, port: "${canaries.profile.core}\n: "`]) {
    await writeFile(userFile, wrong);
    await sallyport('profile', 'validate');
    await sallyport('list', '--json');
  }
  await writeFile(userFile, profiles);
  const settings = await readFile(settingsFile, 'utf8');
  for (const wrong of [
    `audit:\n  ship:\n  - {name: a, to: webhook, token: "${canaries.settings.core}\n: x`,
    `audit: {ship: [{name: a, to: webhook, url: "${canaries.settings.core}"}]}`,
  ]) {
    await writeFile(settingsFile, wrong);
    await sallyport('daemon', 'restart');
  }
  await writeFile(settingsFile, settings);
}

async function runPrograms(): Promise<void> {
  const words = await program(dir, 'as-run');
  for (const name of ['db', 'open']) await sallyport('run', name, '--', ...words);
  await person.installProgram(
    'psql',
    `exec ${(await program(dir, 'as-run psql')).map((word) => `'${word}'`).join(' ')}`,
  );
  await sallyport('psql', 'open', '-c', 'select 1');
  await sallyport('forward', '--verbose', 'pod/absent', ':5432');
}

test.each(Object.entries(daemons))('nothing shows a secret: a daemon %s', async (_, args) => {
  const { home } = person;
  const audit = await receiver();
  await plantSettings({ dir, sandbox }, home, audit.url);
  await plantProfiles({ dir, sandbox }, home);
  await person.installProgram('git', await gitScript());
  let daemon = await startDaemon(args);
  const mark = `XDG_RUNTIME_DIR=${home.dir}/`;
  {
    await using control = home.control();
    listenToEvents();
    await openPasswordFile(control);
    await throughTheGateways(control);
    await runPrograms();
    await witness.addProcesses(mark);
    await askEverything();
    await losePod(control);
    sandbox.controls.setAccess((_identity, { resource }) => !['secrets', 'pods'].includes(resource));
    await connected(await portOf(control, 'db'), await ownPassword(control, 'db'), []);
    await lookAt('db');
    sandbox.controls.setAccess(() => true);
  }
  // As an assertion of its runtime ends it.
  const aborted = once(daemon, 'close');
  daemon.kill('SIGABRT');
  await aborted;
  await witness.addFiles(home.dir, 'file');
  // What is wanted comes back, and with it what reads passwords; then an error that nobody catches.
  daemon = await startDaemon(['--import', await bomb(), ...args]);
  {
    await using control = home.control();
    await openPasswordFile(control);
    await connected(await portOf(control, 'db'), await ownPassword(control, 'db'), readable);
  }
  const thrown = once(daemon, 'close');
  daemon.kill('SIGUSR2');
  expect(await thrown).toEqual([expect.any(Number), null]);
  expect(witness.count(/^stderr of the daemon$/)).toBeGreaterThan(0);
  await witness.addFiles(home.dir, 'file');
  daemon = await startDaemon(args);
  await sallyport('daemon', 'status', '--json');
  await makeMistakes();
  await sallyport('daemon', 'stop');
  if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'close');
  await witness.addFiles(home.dir, 'file');
  await addStarted();
  for (const body of audit.bodies) witness.add('sent to a receiver of the audit log', body);
  witness.add("the cluster's own record", JSON.stringify(sandbox.controls.audit()));
  // What was not seen at all proves nothing.
  for (const where of [
    /^an event$/,
    /^sent to a receiver/,
    /^environment of as-run/,
    /^arguments of plugin/,
    /passwords\.json$/,
    /^what a client is told/,
  ])
    expect(witness.count(where), String(where)).toBeGreaterThan(0);
  expect(witness.leaksOf(all)).toEqual([]);
});
