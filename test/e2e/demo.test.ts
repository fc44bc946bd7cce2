import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { chaosEveryMs, startChaos } from '../../src/cli/demo-chaos.ts';
import { DemoClient } from '../../src/cli/demo-client.ts';
import { postgresManifest } from '../../src/sandbox/manifest.ts';
import { processesWith, product } from '../support/command.ts';
import { LeapClock } from '../support/leap-clock.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { startWorld } from '../support/world.ts';

afterAll(expectNoHandles);

const pod = 'default/postgres-0';
/** A busy machine takes its time to make a database. */
const startTimeoutMs = 60_000;

/** The program's demonstration in a terminal, once it has said how to connect. Its folders are in one of its own. */
async function demoProcess(words: string) {
  const { child, folder } = await spawnDemo(words);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const told: Partial<Record<'psql' | 'uri' | 'kubeconfig', string | undefined>> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    told.psql ??= / {2}psql {3}(PGPASSWORD=.*)$/.exec(line)?.[1];
    told.uri ??= / {2}URI {4}(postgresql:.*)$/.exec(line)?.[1];
    told.kubeconfig ??= /--kubeconfig (\S+)/.exec(line)?.[1];
    if (line.includes('Ctrl-C')) break;
  }
  return { child, folder, told, complaints: () => complaints };
}

async function spawnDemo(words: string) {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-demo-test-'));
  // As root the sandbox runs Postgres as nobody.
  await chmod(folder, 0o711);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const child = spawn(process.execPath, [product, ...words.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, folder };
}

test.each([
  ['demo --terminal', 'SIGINT'],
  ['demo --chaos', 'SIGTERM'],
] as const)(
  '%s prints how to connect, lets a client log in, and %s ends it without a trace',
  async (words, signal) => {
    const { child, folder, told, complaints } = await demoProcess(words);
    const closed = once(child, 'close');
    expect(told.uri, complaints()).toBeDefined();
    const { port, username, password, pathname } = new URL(told.uri!);
    expect(told.psql).toBe(
      `PGPASSWORD=${password} psql 'host=127.0.0.1 port=${port} dbname=${pathname.slice(1)} user=${username}'`,
    );
    await access(told.kubeconfig!);

    const client = new pg.Client({ connectionString: told.uri });
    await client.connect();
    const { rows } = await client.query('select current_user as name, version() as version');
    expect(rows[0]).toMatchObject({ name: username, version: expect.stringContaining('PostgreSQL') });
    await client.end();

    child.kill(signal);
    expect(await closed).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
    expect(await processesWith(`TMPDIR=${folder}`)).toEqual([]);
    expect(complaints()).not.toContain('error');
  },
  startTimeoutMs,
);

test.runIf(process.platform !== 'win32').each([
  ['asked twice to end', ['SIGINT', 'SIGTERM']],
  ['killed', ['SIGKILL']],
] as const)(
  'a demonstration that is %s leaves nothing behind either',
  async (_how, signals) => {
    const { child, folder } = await demoProcess('demo --terminal');
    const closed = once(child, 'close');
    for (const signal of signals) child.kill(signal);
    expect(await closed).not.toEqual([0, null]);
    // Somebody else clears up, after Postgres' end.
    while ((await readdir(folder)).length > 0) await nextTurn();
    while ((await processesWith(`TMPDIR=${folder}`)).length > 0) await nextTurn();
  },
  startTimeoutMs,
);

test(
  'the demonstration prints the address of a page, whose one request gives a string that works; SIGINT ends it without a trace',
  async () => {
    const { child, folder, url } = await demoPage();
    const closed = once(child, 'close');
    const call = await pageOf(url);
    expect(await call('startSandbox', { waitMs: startTimeoutMs })).toMatchObject({ kind: 'running' });
    const answer = await call('connectionString', { name: 'ad-hoc/sandbox', format: 'uri' });
    const client = new pg.Client({ connectionString: answer.string.text });
    await client.connect();
    const { rows } = await client.query('select current_user as name');
    expect(rows).toEqual([{ name: 'app' }]);
    await client.end();
    child.kill('SIGINT');
    expect(await closed).toEqual([0, null]);
    expect(await readdir(folder)).toEqual([]);
    expect(await processesWith(`TMPDIR=${folder}`)).toEqual([]);
  },
  startTimeoutMs,
);

test.runIf(process.platform !== 'win32')(
  'a demonstration that is killed leaves nothing of its page and its sandbox behind',
  async () => {
    const { child, folder, url } = await demoPage();
    const call = await pageOf(url);
    await call('startSandbox', { waitMs: startTimeoutMs });
    child.kill('SIGKILL');
    while ((await readdir(folder)).length > 0) await nextTurn();
    while ((await processesWith(`TMPDIR=${folder}`)).length > 0) await nextTurn();
  },
  startTimeoutMs,
);

/** The demonstration once it has printed where its page is. */
async function demoPage() {
  const { child, folder } = await spawnDemo('demo');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Open {3}(http:\S+)$/.exec(line)?.[1];
    if (url) return { child, folder, url };
  }
  throw new Error('the demonstration ended');
}

/** Enters the page as a browser does; what it returns asks the daemon. */
async function pageOf(url: string) {
  const { hostname, port, pathname, search } = new URL(url);
  // Names under localhost are loopback to browsers; Node asks a resolver.
  const ask = (
    path: string,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) =>
    new Promise<{ cookie: string; text: string }>((resolve, reject) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port,
          path,
          method: init.method ?? 'GET',
          headers: { host: `${hostname}:${port}`, ...init.headers },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.once('end', () =>
            resolve({ text, cookie: response.headers['set-cookie']?.[0]?.split(';')[0] ?? '' }),
          );
        },
      );
      outgoing.once('error', reject);
      outgoing.end(init.body);
    });
  const followed = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' };
  const { cookie } = await ask(`${pathname}${search}`, { headers: followed });
  return async (operation: string, input: object) => {
    const headers = {
      cookie,
      origin: `http://${hostname}:${port}`,
      'content-type': 'application/json',
    };
    const { text } = await ask(`/v1/${operation}`, { method: 'POST', headers, body: JSON.stringify(input) });
    return JSON.parse(text);
  };
}

test('no query fails while chaos restarts the Postgres again and again', async () => {
  const [user, database, password] = ['app', 'orders', 'secret'];
  await using world = await startWorld({
    manifest: postgresManifest({ user, database, password }),
    pods: [pod],
  });
  const forward = world.forward({ target: 'statefulset/postgres/0', ports: [':5432'] });
  const port = await forward.port();
  const clock = new LeapClock();
  await using client = new DemoClient({ port, user, database, password, clock });
  const reports: string[] = [];
  using _chaos = startChaos({
    clock,
    restart: () => world.cluster.pods.delete(pod),
    report: () => reports.push(client.summary()),
  });

  const uids = new Set([world.uid(pod)]);
  for (let round = 1; round <= 3; round++) {
    await moreAnswers(client);
    clock.leap(chaosEveryMs);
    expect(reports).toHaveLength(round);
    const { metadata } = await world.cluster.pods.until(pod, (each) => !uids.has(each.metadata.uid));
    uids.add(metadata.uid);
    await forward.events.readyWith(metadata.uid);
  }
  await moreAnswers(client);
  await client[Symbol.asyncDispose]();
  expect(client.summary()).toMatch(/^\d+ queries answered, 0 failed/);
});

/** Waits until the client has got three more answers. */
async function moreAnswers(client: DemoClient): Promise<void> {
  const answered = () => Number.parseInt(client.summary(), 10);
  const wanted = answered() + 3;
  while (answered() < wanted) await nextTurn();
}
