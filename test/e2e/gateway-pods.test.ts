import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresManifest } from '../../src/sandbox/manifest.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { type EngineDial, engineDial } from '../support/engine-dial.ts';
import { type GatewayFixture, local, openGateway } from '../support/gateway-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';
import { app } from '../support/real-database.ts';

const pod = 'default/postgres-0';

/** The gateway over the engine's sessions into pods that come and go. */
describe('pods behind the gateway', () => {
  let dir: string;
  let sandbox: Sandbox;
  let way: EngineDial;
  let gateway: GatewayFixture;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sallyport-e2e-'));
    const manifest = postgresManifest({ user: app.user, database: app.database, password: app.password });
    sandbox = await startSandbox({ dir, manifest });
    await sandbox.controls.pods.until(pod);
    way = await engineDial({
      kubeconfig: sandbox.kubeconfigPath,
      namespace: 'default',
      target: 'sts/postgres/0',
      port: 5432,
    });
    gateway = await openGateway({ dial: way.dial, holdMs: 30_000 });
  });

  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]();
    await way?.[Symbol.asyncDispose]();
    await sandbox?.stop();
    await rm(dir, { recursive: true, force: true });
    await expectNoHandles();
  });

  async function connected(): Promise<Client> {
    const client = new Client({ host: '127.0.0.1', port: gateway.port, ...local });
    // pg tells of the end once more, after what the server said.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  const uid = () => sandbox.controls.pods.get(pod)?.metadata.uid;
  const ending = (client: Client) =>
    new Promise<Error & { code?: string }>((resolve) => client.once('error', resolve));

  test.each([
    ['is deleted', () => sandbox.controls.pods.delete(pod)],
    ['is killed', () => sandbox.controls.pods.kill(pod)],
    ['loses its sandbox', () => sandbox.controls.pods.lose(pod)],
    ['cannot be reached any more', () => sandbox.controls.network.reset()],
  ])('a pod that %s: its idle client is told 57P01, and the next one is served', async (how, act) => {
    const before = uid();
    const idle = await connected();
    const told = ending(idle);
    act();
    expect(await told).toMatchObject({ code: '57P01', severity: 'FATAL' });
    if (how === 'loses its sandbox') sandbox.controls.pods.delete(pod);
    // At once: it waits for whichever pod comes.
    const client = await connected();
    expect((await client.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
    await client.end();
    const login = gateway.events.findLast((event) => event.kind === 'login');
    expect(login?.pod.uid).toBe(uid());
    if (how === 'is deleted') expect(uid()).not.toBe(before);
  });

  test('a query in progress is cut, never answered by another pod', async () => {
    const client = await connected();
    const ended = ending(client);
    const query = client.query('select pg_sleep(300)').then(
      () => 'answered',
      () => 'cut',
    );
    sandbox.controls.network.reset();
    expect(await query).toBe('cut');
    await ended;
  });

  test('a CancelRequest reaches the pod of its connection', async () => {
    const client = await connected();
    const slept = client.query('select pg_sleep(300)').then(
      () => 'slept',
      (error) => String(error.code),
    );
    // PostgreSQL drops a cancel that comes before the statement.
    const observer = await connected();
    const running =
      "select count(*)::int as n from pg_stat_activity where query = 'select pg_sleep(300)' and state = 'active'";
    await expect.poll(async () => (await observer.query(running)).rows).toEqual([{ n: 1 }]);
    await observer.end();
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const canceller = new Client({ host: '127.0.0.1', port: gateway.port, ...local });
    const { connection } = canceller as unknown as { connection: CancelConnection };
    connection.connect(gateway.port, '127.0.0.1');
    connection.once('connect', () => connection.cancel(processID, secretKey));
    expect(await slept).toBe('57014');
    await client.end();
  });
});

interface CancelConnection {
  connect(port: number, host: string): void;
  once(event: 'connect', listener: () => void): void;
  cancel(processId: number, key: number): void;
}
