import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ClusterApi } from '../support/cluster-api.ts';
import { namespace as namespaceObject, netStatefulSet, postgresStatefulSet } from '../support/manifests.ts';
import { postgresPrograms, runPostgres } from '../support/postgres-programs.ts';
import { ClusterControls, startRealcluster } from '../support/realcluster.ts';
import { type Line, lineOf, progress, type Series, table } from './report.ts';
import {
  type Network,
  openRoute,
  type PortName,
  type Route,
  type RouteOptions,
  type Subject,
  subjects,
} from './route.ts';
import type { Measuring, Row } from './row.ts';
import { rows } from './rows.ts';

/**
 * Measures every row of the performance goals side by side: the direct way, kubectl over raw SPDY and over WebSocket, and sallyport,
 * by turns in one run, on loopback and through a far network. Prints a table; --json writes the figures.
 */
const usage = `usage: npm run bench -- [--rows a,b] [--networks loopback,far] [--subjects a,b] [--runs N] [--quick] [--json FILE]
rows: ${rows.map((row) => row.key).join(', ')}
SALLYPORT_REALCLUSTER names the realcluster executable, SALLYPORT_PG_BIN the folder of Postgres' programs, SALLYPORT_NODE_POSTGRES
packages/pg of a checkout of node-postgres with the dependencies of its tests installed (without it that row has no figures).`;

const { values: given } = parseArgs({
  options: {
    rows: { type: 'string' },
    networks: { type: 'string', default: 'loopback,far' },
    subjects: { type: 'string', default: subjects.join(',') },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const namespace = 'bench';
const netPod = 'net-0';
const databasePod = 'database-0';
const slowPod = 'slow-database-0';
const netRoutePorts: readonly PortName[] = ['identity', 'echo', 'chargen', 'sink'];

async function main(): Promise<number> {
  const executable = process.env.SALLYPORT_REALCLUSTER;
  if (given.help || !executable) {
    process.stderr.write(`${usage}\n`);
    return given.help ? 0 : 2;
  }
  const chosen = given.rows?.split(',') ?? rows.map((row) => row.key);
  const unknown = chosen.filter((key) => !rows.some((row) => row.key === key));
  if (unknown.length > 0) {
    process.stderr.write(`no such row: ${unknown.join(', ')}\n${usage}\n`);
    return 2;
  }

  const port = process.env.SALLYPORT_TEST_PORT ? Number(process.env.SALLYPORT_TEST_PORT) : undefined;
  await using cluster = await startRealcluster({ executable, pgBin: postgresPrograms, port });
  using api = await ClusterApi.load(cluster.info.kubeconfig);
  const controls = new ClusterControls(cluster.info.control);
  await populate(api, controls);

  const lines: Line[] = [];
  for (const network of given.networks.split(',') as Network[]) {
    const kubeconfig = network === 'far' ? cluster.info.far : cluster.info.kubeconfig;
    const wanted = rows.filter((row) => chosen.includes(row.key));
    lines.push(...(await measureAll({ network, kubeconfig, rows: wanted, api, controls })));
  }
  process.stdout.write(`\n${table(lines)}`);
  if (given.json) await writeFile(given.json, `${JSON.stringify(lines, undefined, 2)}\n`);
  return 0;
}

async function populate(api: ClusterApi, controls: ClusterControls): Promise<void> {
  await api.apply(
    namespaceObject(namespace),
    netStatefulSet({ namespace, name: 'net', server: 'netserver' }),
    postgresStatefulSet({ namespace, name: 'database' }),
    postgresStatefulSet({ namespace, name: 'slow-database', startDelayMs: 3000 }),
  );
  for (const name of [netPod, databasePod, slowPod]) await api.readyPod({ namespace, name });
  const direct = {
    subject: 'direct',
    kubeconfig: '',
    namespace,
    pod: databasePod,
    ports: [],
    controls,
  } as const;
  await using route = await openRoute(direct);
  const { host, port } = await route.address('postgres');
  await runPostgres('pgbench', port, ['-h', host, '-i', '-q', '-s', '5']);
}

interface MeasureAll {
  readonly network: Network;
  readonly kubeconfig: string;
  readonly rows: readonly Row[];
  readonly api: ClusterApi;
  readonly controls: ClusterControls;
}

async function measureAll({ network, kubeconfig, rows, api, controls }: MeasureAll): Promise<Line[]> {
  // A forwarder lasts through the rows, as its user's would; one that has ended is started anew.
  const routes = new Map<string, Route>();
  await using _all = {
    async [Symbol.asyncDispose]() {
      for (const route of routes.values()) await route[Symbol.asyncDispose]();
    },
  };
  const lasting = async (options: RouteOptions): Promise<Route> => {
    const key = `${options.subject} ${options.pod}`;
    const known = routes.get(key);
    if (known && !known.ended) return known;
    const route = await openRoute(options);
    routes.set(key, route);
    return route;
  };

  const lines: Line[] = [];
  for (const row of rows) {
    if (row.once && network !== 'loopback') continue;
    const runs = row.once ? 1 : Number(given.runs ?? (given.quick ? 1 : 3));
    const measured = new Map<Subject, Readonly<Record<string, number>>[]>();
    for (let run = 0; run < runs; run++) {
      for (const subject of turns(row, network, run)) {
        const base = { subject, kubeconfig, namespace, controls };
        const net: RouteOptions = { ...base, pod: netPod, ports: netRoutePorts };
        const database: RouteOptions = { ...base, pod: databasePod, ports: ['postgres'] };
        const measuring: Measuring = {
          network,
          effort: { divisor: given.quick ? 8 : 1 },
          api,
          net,
          database: { ...database, pod: slowPod },
          lasting: () => lasting(net),
          lastingDatabase: () => lasting(database),
        };
        const results = measured.get(subject) ?? [];
        measured.set(subject, [...results, await attempted(row, measuring)]);
      }
    }
    for (const figure of row.figures) {
      const values: Partial<Record<Subject, number[]>> = {};
      for (const [subject, results] of measured)
        values[subject] = results.map((result) => result[figure.key] ?? Number.NaN);
      const series: Series = { network, figure, values };
      const line = lineOf(series);
      lines.push(line);
      process.stderr.write(progress(line));
    }
  }
  return lines;
}

/** A row that a subject cannot do has no figures; the reason is told. */
async function attempted(row: Row, measuring: Measuring): Promise<Readonly<Record<string, number>>> {
  try {
    return await row.measure(measuring);
  } catch (error) {
    process.stderr.write(
      `${row.key}, ${measuring.net.subject}: ${error instanceof Error ? error.message : error}\n`,
    );
    return {};
  }
}

/** The subjects in the order of this run: each begins once. */
function turns(row: Row, network: Network, run: number): Subject[] {
  const chosen = given.subjects.split(',');
  const able = subjects.filter(
    (subject) =>
      chosen.includes(subject) &&
      (subject === 'sallyport' || !row.ownAlone) &&
      (subject !== 'direct' || (row.direct && network === 'loopback')),
  );
  return able.map((_, index) => able[(index + run) % able.length]!);
}

process.exitCode = await main();
