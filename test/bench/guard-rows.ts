import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Client } from 'pg';
import { parse } from 'yaml';
import { CommandLineUser } from '../support/command-line-user.ts';
import { postgresLogin } from '../support/manifests.ts';
import { startForward } from '../support/subject.ts';
import { BenchClient } from './bench-client.ts';
import { Daemon } from './daemon-subject.ts';
import { figure, limitOf, type Measuring, type Row, sized } from './row.ts';
import { median } from './statistics.ts';

/**
 * What it costs a new connection to be guarded: the time that it takes more than through a tunnel of ours that asks nobody and passes bytes on,
 * taken by turns. The goal is 2 ms; far, where a round trip takes 50 ms, one more of them.
 */

const socketCounts = [500, 5_000] as const;
const peerKey = (count: number) => `peer-${count}`;
const farLimit = limitOf(52);

export const guardRows: readonly Row[] = [
  {
    key: 'peer',
    direct: false,
    ownAlone: true,
    figures: socketCounts.map((count) =>
      figure({
        key: peerKey(count),
        title: `knowing who connects, ${count} sockets open, added p50`,
        unit: 'ms',
        loopback: limitOf(2),
        far: limitOf(2),
      }),
    ),
    measure: peerCost,
  },
  {
    key: 'gateway',
    direct: false,
    ownAlone: true,
    figures: [
      figure({
        key: 'gateway',
        title: 'Postgres gateway, new connection and query, added p50',
        unit: 'ms',
        loopback: limitOf(2),
        far: farLimit,
      }),
      figure({
        key: 'gateway-read-only',
        title: 'the same, read-only',
        unit: 'ms',
        loopback: limitOf(2),
        far: farLimit,
      }),
    ],
    measure: gatewayCost,
  },
];

async function peerCost(given: Measuring): Promise<Readonly<Record<string, number>>> {
  await using stack = new AsyncDisposableStack();
  const opened = async (...extraArguments: readonly string[]) => {
    const { kubeconfig, namespace, pod } = given.net;
    const target = { namespace, target: `pod/${pod}`, ports: [':identity'], carrier: 'auto' } as const;
    const forward = stack.use(startForward({ ...target, kubeconfig, extraArguments, json: false }));
    return { host: '127.0.0.1', port: await forward.port() };
  };
  const [guarded, open] = [await opened(), await opened('--any-user')];
  // Who connects is a process of its own, as it is in life.
  const client = stack.use(new BenchClient());
  const crowd = stack.use(await Crowd.open());
  const costs: Record<string, number> = {};
  for (const count of socketCounts) {
    await crowd.growTo(count);
    const times = sized(given, given.network === 'far' ? 40 : 600);
    costs[peerKey(count)] = await added(times, [
      () => client.firstByteMs(open),
      () => client.firstByteMs(guarded),
    ]);
  }
  return costs;
}

async function gatewayCost(given: Measuring): Promise<Readonly<Record<string, number>>> {
  const { api, net } = given;
  const { user, database, password } = postgresLogin;
  const secret = { apiVersion: 'v1', kind: 'Secret', stringData: { password } };
  await api.apply({ ...secret, metadata: { name: 'database', namespace: net.namespace } });
  const { 'current-context': context } = parse(await readFile(net.kubeconfig, 'utf8'));
  const profile = (policy: object) => ({
    cluster: { context },
    namespace: net.namespace,
    target: 'statefulset/database/0',
    port: 5432,
    kind: 'postgres',
    connection: { user, database, password: { secret: { name: 'database', key: 'password' } } },
    policy,
  });
  await using person = await CommandLineUser.create({ KUBECONFIG: net.kubeconfig });
  const policies = { tunnel: { gateway: false }, gateway: {}, reader: { readOnly: true } };
  await person.home.writeProfiles({
    profiles: Object.fromEntries(Object.entries(policies).map(([name, policy]) => [name, profile(policy)])),
  });
  await using daemon = await Daemon.ready(person);
  await using control = daemon.control();
  const connecting = async (name: string) => {
    const { outcomes } = await control.call('up', { names: [name], waitMs: 20_000 });
    const found = await control.call('password', { name });
    const port = outcomes[0]?.tunnel?.localPort;
    if (!port || found.kind !== 'found') throw new Error(JSON.stringify(outcomes));
    return () => queryMs({ host: '127.0.0.1', port, user, database, password: found.password });
  };
  const tunnel = await connecting('tunnel');
  const times = sized(given, given.network === 'far' ? 24 : 240);
  return {
    gateway: await added(times, [tunnel, await connecting('gateway')]),
    'gateway-read-only': await added(times, [tunnel, await connecting('reader')]),
  };
}

/**
 * By how much the second takes longer. By turns, so that what the machine does otherwise meets both alike, and each as often first: who comes
 * second may find the warm session taken.
 */
async function added(times: number, [plain, guarded]: readonly [Once, Once]): Promise<number> {
  const taken: [number[], number[]] = [[], []];
  for (let turn = 0; turn < times; turn++)
    for (const which of turn % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const))
      taken[which].push(await (which === 0 ? plain : guarded)());
  return median(taken[1]) - median(taken[0]);
}

type Once = () => Promise<number>;

async function queryMs(login: object): Promise<number> {
  const startedMs = performance.now();
  const client = new Client(login);
  await client.connect();
  await client.query('SELECT 1');
  const tookMs = performance.now() - startedMs;
  // The server is told, and its process ends; its end of the stream comes up to a second late through a container runtime.
  void client.end().catch(() => {});
  return tookMs;
}

/** Open sockets of the machine that nobody uses. */
class Crowd implements AsyncDisposable {
  readonly #accepted: Socket[] = [];
  readonly #server = createServer((socket) => this.#accepted.push(socket));
  readonly #client = new BenchClient();

  static async open(): Promise<Crowd> {
    const crowd = new Crowd();
    crowd.#server.listen(0, '127.0.0.1', 4_096);
    await once(crowd.#server, 'listening');
    return crowd;
  }

  /** Each connection is two. */
  async growTo(sockets: number): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    await this.#client.open(port, sockets / 2 - this.#accepted.length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    for (const socket of this.#accepted) socket.destroy();
    this.#server.close();
  }
}
