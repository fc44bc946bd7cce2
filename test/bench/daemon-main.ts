/**
 * Figures of the daemon and the command line as their users have them: the built program, processes of their own, the embedded sandbox and
 * a real control plane. Prints a table, with MISSED where a figure is not what it has to be; nothing is asserted.
 */
import { parseArgs } from 'node:util';
import { shortRow, startRow } from './daemon-command-rows.ts';
import { killRow, watchRow } from './daemon-fault-rows.ts';
import { type Figure, lineOf } from './daemon-figure.ts';
import { idleRow, manyRow } from './daemon-tunnel-rows.ts';
import { type RealWorld, realWorld, sandboxWorld, type World } from './daemon-world.ts';

const rows = ['idle', 'many', 'short', 'start', 'watch', 'kill'] as const;
const worlds = ['sandbox', 'realcluster'] as const;
const usage = `usage: npm run bench:daemon -- [--rows ${rows.join(',')}] [--worlds ${worlds.join(',')}] [--json]
  [--idle N] [--seconds N] [--many N] [--runs N] [--deletions N] [--kills N]
SALLYPORT_REALCLUSTER names the realcluster executable; without it everything is measured on the sandbox alone.
`;

const { values: given } = parseArgs({
  options: {
    rows: { type: 'string', default: rows.join(',') },
    worlds: { type: 'string', default: worlds.join(',') },
    idle: { type: 'string', default: '100' },
    /** Over how long idle CPU and wake-ups are counted, s. */
    seconds: { type: 'string', default: '60' },
    many: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '11' },
    deletions: { type: 'string', default: '15' },
    kills: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const executable = process.env.SALLYPORT_REALCLUSTER;

async function main(): Promise<void> {
  if (given.help) return void process.stderr.write(usage);
  const figures: Figure[] = [];
  const tell = (more: readonly Figure[]) => {
    figures.push(...more);
    if (!given.json) process.stdout.write(more.map((figure) => `${lineOf(figure)}\n`).join(''));
  };
  const isChosen = (row: (typeof rows)[number]) => given.rows.split(',').includes(row);
  const [inSandbox, inRealcluster] = worlds.map((world) => given.worlds.split(',').includes(world));
  if (inSandbox) {
    await using world = await sandboxWorld();
    if (isChosen('many')) tell(await manyRow(world, { count: Number(given.many) }));
    await anywhere(world);
  }
  if (inRealcluster && executable) {
    await using world: RealWorld = await realWorld(executable);
    await anywhere(world);
    if (isChosen('start')) tell(await startRow(world, { runs: Number(given.runs) }));
    if (isChosen('watch')) tell(await watchRow(world, { deletions: Number(given.deletions) }));
  }
  if (given.json) process.stdout.write(`${JSON.stringify(figures)}\n`);

  async function anywhere(world: World): Promise<void> {
    const runs = Number(given.runs);
    if (isChosen('idle')) {
      tell(await idleRow(world, { count: Number(given.idle), seconds: Number(given.seconds) }));
    }
    if (isChosen('short')) tell(await shortRow(world, { count: Number(given.idle), runs }));
    if (isChosen('kill')) tell(await killRow(world, { tunnels: 20, kills: Number(given.kills) }));
  }
}

await main();
