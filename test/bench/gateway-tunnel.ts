import { ClusterApi } from '../support/cluster-api.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { type Login, runProgram } from '../support/debian-postgres.ts';
import { namespace, postgresLogin, postgresStatefulSet } from '../support/manifests.ts';
import { startRealcluster } from '../support/realcluster.ts';
import { median } from './statistics.ts';

/**
 * A daemon's gateway into a real pod, beside the same daemon's tunnel that passes bytes on: the rate of pgbench -S (goal: 0.95 of it), and a new connection with
 * one query (goal: at most 2 ms more). SALLYPORT_REALCLUSTER and SALLYPORT_PG_BIN say where they are.
 */

const executable = process.env.SALLYPORT_REALCLUSTER;
if (!executable) throw new Error('SALLYPORT_REALCLUSTER is not set');
const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 4);
const { user, database, password: real } = postgresLogin;

await using cluster = await startRealcluster({ executable, pgBin: process.env.SALLYPORT_PG_BIN });
const { kubeconfig, server } = cluster.info;
using api = await ClusterApi.load(kubeconfig);
await api.apply(namespace('bench'), postgresStatefulSet({ namespace: 'bench', name: 'db' }), {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'db', namespace: 'bench' },
  stringData: { password: real },
});
await api.readyPod({ namespace: 'bench', name: 'db-0' });

const policies = {
  tunnel: { gateway: false },
  gateway: {},
  'gateway-read-only': { readOnly: true },
  'gateway-statement-audit': { statementAudit: true },
};
await using home = await DaemonHome.create({ KUBECONFIG: kubeconfig });
const profile = (policy: object) => ({
  cluster: { server },
  namespace: 'bench',
  target: 'statefulset/db/0',
  port: 5432,
  kind: 'postgres',
  connection: { user, database, password: { secret: { name: 'db', key: 'password' } } },
  policy,
});
const profiles = Object.entries(policies).map(([name, policy]) => [name, profile(policy)]);
await home.writeProfiles({ profiles: Object.fromEntries(profiles) });
await using _daemon = await home.start({ logLevel: 'info' });
await using control = home.control();
const ways: Record<string, Login> = {};
for (const name of Object.keys(policies)) {
  const { outcomes } = await control.call('up', { names: [name], waitMs: 20_000 });
  const [address] = outcomes[0]?.tunnel?.addresses ?? [];
  const answer = await control.call('password', { name });
  if (address?.kind !== 'tcp' || answer.kind !== 'found') throw new Error(JSON.stringify(outcomes));
  const login = { port: address.port, user, database, password: answer.password };
  ways[name] = { ...login, env: { PGSSLMODE: 'disable' } };
  // What libpq does by itself where a server offers TLS.
  if (name === 'gateway') ways['gateway-local-tls'] = { ...login, env: { PGSSLMODE: 'prefer' } };
}
await runProgram('pgbench', ways.tunnel!, ['-i', '-q', '-s', '5']);
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
