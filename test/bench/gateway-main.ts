import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { dialTcp, local, openGateway } from '../support/gateway-fixture.ts';
import { app, startDatabase } from '../support/real-database.ts';
import { median } from './statistics.ts';

/**
 * What the Postgres gateway costs, beside a plain TCP pass-through in the same process and run: the rate of pgbench -S, and a new connection
 * with one query, near and over a network that takes 20 ms there and back. SALLYPORT_PG_BIN: pgbench and a server of the same version.
 */

const run = promisify(execFile);
const bin = process.env.SALLYPORT_PG_BIN;
const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 5);
const oneWayMs = 10;

interface Way {
  readonly name: string;
  readonly port: number;
  readonly password: string;
}

await using database = await startDatabase({ bin });
await pgbench({ name: 'direct', port: database.port, password: app.password }, ['-i', '-q', '-s', '5']);
await using stack = new AsyncDisposableStack();
const way = async (name: string, serverPort: number, options: object = {}): Promise<Way> => {
  const gateway = stack.use(await openGateway({ dial: dialTcp(serverPort), ...options }));
  return { name, port: gateway.port, password: local.password };
};
const plain = async (name: string, serverPort: number, delayMs = 0): Promise<Way> => {
  const { port } = await passThrough(serverPort, delayMs);
  return { name, port, password: app.password };
};
const readOnly = { upstream: { readOnly: true } };

const near = [
  await plain('pass-through', database.port),
  await way('gateway', database.port),
  await way('gateway, read-only', database.port, readOnly),
];
await compare('pgbench -S, 8 clients, tps', near, async (at) => {
  const text = await pgbench(at, ['-n', '-S', '-c', '8', '-j', '2', '-T', String(seconds)]);
  return Number(/tps = ([\d.]+)/.exec(text)?.[1]);
});
await compare('new connection and one query, ms', near, newConnectionMs(200));
const delayed = await passThrough(database.port, oneWayMs);
const far = [
  await plain('pass-through', delayed.port),
  await way('gateway', delayed.port),
  await way('gateway, read-only', delayed.port, readOnly),
];
await compare(`the same, ${2 * oneWayMs} ms round trip`, far, newConnectionMs(10));

async function compare(title: string, ways: readonly Way[], measure: (at: Way) => Promise<number>) {
  const values = new Map(ways.map((each) => [each, [] as number[]]));
  for (let round = 0; round < rounds; round++)
    for (const each of ways) values.get(each)?.push(await measure(each));
  const [first] = values.values();
  const base = median(first ?? []);
  for (const [each, taken] of values) {
    const value = median(taken);
    const cells = [title, each.name, value.toFixed(2), `${(value / base).toFixed(3)} x`];
    process.stdout.write(
      `${cells.join('\t')}\t${(value - base).toFixed(2)}\t${taken.map((one) => one.toFixed(1)).join(' ')}\n`,
    );
  }
}

/** pgbench says how long each connection took; its own connecting is part of it. */
function newConnectionMs(count: number): (at: Way) => Promise<number> {
  return async (at) => {
    const text = await pgbench(at, ['-n', '-S', '-C', '-c', '1', '-t', String(count)]);
    return Number(/latency average = ([\d.]+)/.exec(text)?.[1]);
  };
}

async function pgbench({ port, password }: Way, args: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    PGHOST: '127.0.0.1',
    PGPORT: String(port),
    PGUSER: local.user,
    PGPASSWORD: password,
    PGDATABASE: local.database,
    PGSSLMODE: 'disable',
    PGGSSENCMODE: 'disable',
  };
  return (await run(bin ? `${bin}/pgbench` : 'pgbench', args, { env, maxBuffer: 1 << 24 })).stdout;
}

/** Bytes both ways with backpressure, and writes gathered as the tunnel's bridge does. */
async function passThrough(serverPort: number, delayMs: number): Promise<{ port: number }> {
  const server = createServer({ noDelay: true, highWaterMark: 1 << 20, allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: serverPort, noDelay: true, allowHalfOpen: true });
    move(client, upstream, delayMs);
    move(upstream, client, delayMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => void server.close());
  return { port: (server.address() as AddressInfo).port };
}

function move(from: Socket, to: Socket, delayMs: number): void {
  let gathering = false;
  const write = (chunk: Buffer) => {
    if (!to.write(chunk)) from.pause();
    if (gathering) return;
    gathering = true;
    to.cork();
    setImmediate(() => {
      gathering = false;
      to.uncork();
    });
  };
  const later = (what: () => void) => (delayMs > 0 ? void setTimeout(what, delayMs) : what());
  from.on('data', (chunk) => later(() => write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroy()));
  to.on('drain', () => from.resume());
}
