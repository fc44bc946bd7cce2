import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFlags } from '../../build/executable/node-flags.ts';
import { daemonNodeFlags } from '../../src/cli/process-cli.ts';
import { netserverManifest, netserverPorts, postgresManifest } from '../../src/sandbox/manifest.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { DaemonHome, firstLine } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';

const executable = fileURLToPath(new URL('../../dist/executable/sallyport', import.meta.url));
const run = promisify(execFile);

const parserName = 'libpg-query.cjs';

let home: DaemonHome;
/** What the executable takes out of itself. */
let carried: string;
let env: NodeJS.ProcessEnv;
let sandbox: Sandbox;
let port: number;

beforeAll(async () => {
  await run(process.execPath, [fileURLToPath(new URL('../../build/executable/main.ts', import.meta.url))]);
  home = await DaemonHome.create({ PATH: '/usr/bin:/bin' });
  carried = join(home.places.folders.cache, 'carried');
  sandbox = await startSandbox({
    dir: join(home.dir, 'sandbox'),
    namespace: 'data',
    manifest: [
      ...netserverManifest('data'),
      ...postgresManifest({ namespace: 'data', password: 'of the database' }),
    ],
  });
  env = { ...home.processEnv, KUBECONFIG: sandbox.kubeconfigPath };
  port = await freePort();
  const common = { cluster: { context: 'sandbox' }, namespace: 'data' };
  await home.writeProfiles({
    profiles: {
      net: { ...common, target: 'statefulset/net/0', port: netserverPorts.identity, local: port },
      orders: {
        ...common,
        target: 'statefulset/postgres/0',
        port: 5432,
        kind: 'postgres',
        connection: {
          database: 'orders',
          user: 'app',
          password: { secret: { name: 'postgres', key: 'password' } },
        },
        policy: { statementAudit: true },
      },
    },
  });
});

afterAll(async () => {
  await sallyport(['daemon', 'stop']);
  await sandbox.stop();
  await home[Symbol.asyncDispose]();
});

async function sallyport(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await run(executable, args, { env: { ...env, ...more }, cwd: home.dir });
  return stdout;
}

test('needs no Node beside it, and takes no options of one from outside', async () => {
  expect(
    await sallyport(['version'], { NODE_OPTIONS: '--import=data:text/javascript,process.exit(77)' }),
  ).toMatch(/^sallyport \d+\.\d+\.\d+\ndaemon +not running\nnode +\d+/);
  await expect(sallyport(['version', '--node-options=--version'])).rejects.toMatchObject({ code: 2 });
});

test('has the flags built in that a daemon is given elsewhere', () => {
  expect(nodeFlags).toEqual(daemonNodeFlags);
});

test('starts itself as the daemon, forwards, and takes the add-ons out of itself', async () => {
  expect(await sallyport(['up', 'net'])).toMatch(/^● net ready in .* · net-0 · /);
  expect(await firstLine(port)).toContain('net-0');
  const { pid } = JSON.parse(await sallyport(['daemon', 'status', '--json']));
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').filter(Boolean);
  expect(words).toEqual([executable, 'daemon']);
  // Whose a connection is was asked by koffi, which the daemon has loaded from a folder of its user's alone.
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  const loaded = /(\/\S+koffi\.node)/.exec(maps)?.[1] ?? '';
  expect(loaded).toMatch(new RegExp(`^${carried}/[0-9a-f]{32}/koffi\\.node$`));
  expect((await stat(join(loaded, '..'))).mode & 0o777).toBe(0o700);
  expect((await stat(loaded)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(loaded, '..'))).toEqual(['koffi.node']);
});

test('reads statements by the parser that it carries', async () => {
  const follow = execFile(executable, ['audit', 'follow', '--json'], { env, cwd: home.dir });
  const ended = once(follow, 'close');
  const recorded = new Promise<Record<string, unknown>>((resolve) =>
    createInterface({ input: follow.stdout! }).on('line', (line) => {
      const { record } = JSON.parse(line);
      if (record.event === 'postgres-statement') resolve(record);
    }),
  );
  await sallyport(['up', 'orders']);
  const { text: connectionString } = JSON.parse(
    await sallyport(['url', 'orders', '--format', 'uri', '--json']),
  );
  await using stack = new AsyncDisposableStack();
  const client = stack.adopt(new Client({ connectionString }), (open) => open.end());
  await client.connect();
  await client.query("select 'hunter2'");
  expect(await recorded).toMatchObject({ text: 'select ?', fingerprint: '50fde20626009aba' });
  follow.kill('SIGINT');
  await ended;
  const [folder = ''] = (await readdir(carried)).filter((name) =>
    existsSync(join(carried, name, parserName)),
  );
  expect(await readdir(join(carried, folder))).toEqual([parserName, 'libpg-query.wasm']);
});

test('serves the page that it carries', async () => {
  const { url } = JSON.parse(await sallyport(['ui', '--json']));
  const built = await readFile(
    fileURLToPath(new URL('../../dist/renderer/index.html', import.meta.url)),
    'utf8',
  );
  const cookie = (await get(url)).headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  expect((await get(new URL('/', url).href, cookie)).text).toBe(built);
  const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(built)?.[1] ?? '';
  expect((await get(new URL(script, url.replace(/\/enter.*/, '/')).href, cookie)).status).toBe(200);
});

/** Names under localhost are this machine's, as browsers have it. */
async function get(address: string, cookie = '') {
  const { port: pagePort, host, pathname, search } = new URL(address);
  const asked = request({
    host: '127.0.0.1',
    port: pagePort,
    path: `${pathname}${search}`,
    headers: { host, cookie, 'sec-fetch-site': 'none' },
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, headers: response.headers, text: await text(response) };
}

test('forwards in the foreground, and ends by a signal as asked', async () => {
  const local = await freePort();
  const forward = execFile(
    executable,
    ['forward', 'sts/net/0', `${local}:${netserverPorts.identity}`, '-n', 'data'],
    { env, cwd: home.dir },
  );
  const ended = new Promise((resolve) => forward.once('close', resolve));
  await new Promise((resolve) => forward.stdout?.once('data', resolve));
  expect(await firstLine(local)).toContain('net-0');
  forward.kill('SIGINT');
  expect(await ended).toBe(0);
});

test('has no Postgres of folders above it to start', async () => {
  await expect(sallyport(['demo'])).rejects.toMatchObject({
    stderr: expect.stringContaining('this executable brings no Postgres with it'),
  });
});
