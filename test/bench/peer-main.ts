/**
 * What it costs to know who connects: by socket diagnostics and by the socket table, with 500 and 5,000 sockets open on the machine, and
 * what a client of a tunnel feels of it, against a tunnel that asks nobody. Prints a table; nothing is asserted.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Engine } from '../../src/engine/engine.ts';
import { createKubeApi } from '../../src/kube/http-kube-api.ts';
import { LinuxPeerFinder } from '../../src/peer/linux-peer-finder.ts';
import type { PeerFinder } from '../../src/peer/peer-owner.ts';
import { createPeerCheck, ownUids } from '../../src/peer/peer-policy.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { parseTarget } from '../../src/target/parse-target.ts';
import type { Admit } from '../../src/tunnel/listener.ts';
import { createTunnel } from '../../src/tunnel/tunnel.ts';
import { BenchClient } from './bench-client.ts';
import { median } from './statistics.ts';

await using cleanup = new AsyncDisposableStack();
const client = cleanup.use(new BenchClient());
const accepted: Socket[] = [];
const server = createServer((socket) => accepted.push(socket)).listen(0, '127.0.0.1', 4_096);
await once(server, 'listening');
cleanup.defer(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});
const anySocket = () => accepted[Math.floor(Math.random() * accepted.length)]!;
const finders: [string, PeerFinder][] = [
  ['diagnostics', cleanup.use(new LinuxPeerFinder({ clock: systemClock, by: 'diagnostics' }))],
  ['table', cleanup.use(new LinuxPeerFinder({ clock: systemClock, by: 'table' }))],
];
const loadingMs = await timed(() => finders[0]![1].prepare());
row('load of socket diagnostics, once', loadingMs);

for (const sockets of [500, 5_000]) {
  // Each connection is two.
  await client.open((server.address() as AddressInfo).port, sockets / 2 - accepted.length);
  for (const [name, finder] of finders) {
    row(`uid by ${name}, ${sockets} sockets, p50`, await repeated(100, () => finder.ownerOf(anySocket())));
    const many = Array.from({ length: 100 }, anySocket);
    row(
      `uid of 100 at once by ${name}, ${sockets} sockets, p50`,
      await repeated(10, () => Promise.all(many.map((one) => finder.ownerOf(one)))),
    );
  }
  row(`process of the last connection, ${sockets} sockets, p50`, await repeated(50, lastProcess));
}
await newConnections();

async function lastProcess(): Promise<unknown> {
  const owner = await finders[0]![1].ownerOf(accepted.at(-1)!);
  return owner.kind === 'found' ? owner.process() : undefined;
}

/** Of a client with a process of its own; by turns, so that what the machine does otherwise meets all alike. */
async function newConnections(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'peer-bench-'));
  cleanup.defer(() => rm(dir, { recursive: true, force: true }));
  const sandbox = cleanup.use(await startSandbox({ dir }));
  await sandbox.controls.pods.until('default/net-0');
  const api = cleanup.use(
    await createKubeApi({
      kubeconfig: sandbox.kubeconfigPath,
      env: {},
      clock: systemClock,
      log: silentLog,
      userAgent: () => 'sallyport/bench',
      interactive: () => false,
    }),
  );
  const engine = cleanup.use(new Engine({ api, clock: systemClock, log: silentLog, carrier: 'auto' }));
  const open = async (admit?: Admit) => {
    const tunnel = createTunnel({
      upstream: engine.upstream({ target: parseTarget('pod/net-0'), namespace: 'default', port: 'identity' }),
      clock: systemClock,
      log: silentLog,
      listen: { kind: 'tcp', port: 0, addresses: ['127.0.0.1'] },
      ...(admit && { admit }),
    });
    cleanup.defer(() => tunnel.stop());
    await tunnel.start();
    const [at] = tunnel.addresses;
    if (at?.kind !== 'tcp') throw new Error('the tunnel listens on no port');
    return { host: at.address, port: at.port };
  };
  const checked = (finder: PeerFinder, withProcess: boolean): Admit => {
    const check = createPeerCheck({ finder, listen: 'tcp', uids: ownUids({}) });
    return async (socket) => {
      const verdict = await check(socket);
      if (withProcess && verdict.kind === 'admitted') void verdict.peer?.process();
      return verdict;
    };
  };
  await using newcomer = new BenchClient();
  const subjects = [
    ['nobody is asked', await open()],
    ['uid by diagnostics', await open(checked(finders[0]![1], false))],
    ['uid by diagnostics, process beside', await open(checked(finders[0]![1], true))],
    ['uid by table', await open(checked(finders[1]![1], false))],
  ] as const;
  const taken = subjects.map((): number[] => []);
  for (let turn = 0; turn < 300; turn++)
    for (const [index, [, address]] of subjects.entries())
      taken[index]!.push(await newcomer.firstByteMs(address));
  for (const [index, [name]] of subjects.entries())
    row(`new connection, 5,000 sockets, ${name}, p50`, median(taken[index]!.slice(20)));
}

async function repeated(times: number, act: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let count = 0; count < times; count++) taken.push(await timed(act));
  return median(taken);
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await act();
  return performance.now() - beganMs;
}

function row(title: string, ms: number): void {
  process.stdout.write(`${title.padEnd(64)} ${ms.toFixed(3).padStart(9)} ms\n`);
}
