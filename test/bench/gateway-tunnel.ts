import { systemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { Secret } from '../../src/base/secret.ts';
import { parseTarget } from '../../src/target/parse-target.ts';
import { createTunnel } from '../../src/tunnel/tunnel.ts';
import { ClusterApi } from '../support/cluster-api.ts';
import { runProgram } from '../support/debian-postgres.ts';
import { engineDial } from '../support/engine-dial.ts';
import { local, openGateway } from '../support/gateway-fixture.ts';
import { namespace, postgresLogin, postgresStatefulSet } from '../support/manifests.ts';
import { startRealcluster } from '../support/realcluster.ts';
import { median } from './statistics.ts';

/** The gateway over a tunnel into a real pod, beside that tunnel without it: SALLYPORT_REALCLUSTER and SALLYPORT_PG_BIN say where they are. */

const executable = process.env.SALLYPORT_REALCLUSTER;
if (!executable) throw new Error('SALLYPORT_REALCLUSTER is not set');
const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 4);

await using cluster = await startRealcluster({ executable, pgBin: process.env.SALLYPORT_PG_BIN });
const { kubeconfig } = cluster.info;
using api = await ClusterApi.load(kubeconfig);
await api.apply(namespace('bench'), postgresStatefulSet({ namespace: 'bench', name: 'db' }));
await api.readyPod({ namespace: 'bench', name: 'db-0' });
await using way = await engineDial({ kubeconfig, namespace: 'bench', target: 'sts/db/0', port: 5432 });
const tunnel = createTunnel({
  upstream: way.engine.upstream({ target: parseTarget('sts/db/0'), namespace: 'bench', port: 5432 }),
  clock: systemClock,
  log: silentLog,
  listen: { kind: 'tcp', port: 0, addresses: ['127.0.0.1'] },
});
await using _tunnel = { [Symbol.asyncDispose]: () => tunnel.stop() };
await tunnel.start();
const credentials = async () => [{ user: postgresLogin.user, password: new Secret(postgresLogin.password) }];
await using gateway = await openGateway({ dial: way.dial, upstream: { credentials } });
await using guarded = await openGateway({ dial: way.dial, upstream: { credentials, readOnly: true } });

const [address] = tunnel.addresses;
const { database } = postgresLogin;
const ways = {
  tunnel: { port: address?.kind === 'tcp' ? address.port : 0, password: postgresLogin.password, database },
  gateway: { port: gateway.port, password: local.password, database },
  'gateway, read-only': { port: guarded.port, password: local.password, database },
};
await runProgram('pgbench', ways.tunnel, ['-i', '-q', '-s', '5']);
await compare('pgbench -S, 8 clients, tps', /tps = ([\d.]+)/, ['-c', '8', '-j', '2', '-T', String(seconds)]);
await compare('new connection and one query, ms', /latency average = ([\d.]+)/, ['-C', '-t', '200']);

async function compare(title: string, pattern: RegExp, args: readonly string[]): Promise<void> {
  const values: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++)
    for (const [name, login] of Object.entries(ways)) {
      const text = await runProgram('pgbench', login, ['-n', '-S', ...args]);
      values[name] = [...(values[name] ?? []), Number(pattern.exec(text)?.[1])];
    }
  const base = median(values.tunnel ?? []);
  for (const [name, taken] of Object.entries(values)) {
    const value = median(taken);
    process.stdout.write(
      `${title}\t${name}\t${value.toFixed(2)}\t${(value / base).toFixed(3)} x\t${(value - base).toFixed(2)}\n`,
    );
  }
}
