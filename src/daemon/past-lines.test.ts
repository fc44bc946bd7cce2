import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PastLines } from './past-lines.ts';

const id = 'user/orders-db';
const beganMs = Date.UTC(2026, 0, 2);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'past-lines-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A line as the daemon writes it, so many seconds before this daemon began. */
function written(secondsAgo: number, event: string, fields: object = {}, tunnel = id): string {
  const time = new Date(beganMs - secondsAgo * 1_000).toISOString();
  return `${JSON.stringify({ time, level: 'info', event, tunnel, ...fields })}\n`;
}

function past(...files: string[]) {
  const path = join(folder, 'daemon.log');
  const write = files.map((text, age) => writeFile(age === 0 ? path : `${path}.${age}`, text));
  return Promise.all(write).then(() => new PastLines({ path, beforeMs: beganMs }));
}

it("gives a tunnel's own lines of before, over rotated files, numbered up to 0", async () => {
  const lines = await past(
    written(2, 'second') + written(1, 'another', {}, 'user/other') + written(-1, 'of this daemon'),
    written(9, 'first', { pod: 'pg-0' }),
  );
  expect(await lines.of(id)).toMatchObject([
    { sequence: -1, atMs: beganMs - 9_000, level: 'info', event: 'first', fields: { pod: 'pg-0' } },
    { sequence: 0, event: 'second', fields: {} },
  ]);
  expect(await lines.of('user/nobody')).toEqual([]);
});

it('keeps to the newest 200', async () => {
  const many = Array.from({ length: 150 }, (_, line) => written(500 - line, `line ${line}`));
  const lines = await past(many.slice(100).join(''), many.join(''), many.join(''));
  const read = await lines.of(id);
  expect(read).toHaveLength(200);
  expect(read.at(-1)).toMatchObject({ sequence: 0, event: 'line 149' });
});

it('leaves out what a crash has cut off, and what only names the tunnel', async () => {
  const cut = written(1, 'cut').slice(0, -8);
  const named = written(3, 'of another', { about: { tunnel: id } }, 'user/other');
  const lines = await past(
    `${named}{"tunnel":"${id}"}\nno JSON "tunnel":"${id}"\n${written(2, 'whole')}${cut}`,
  );
  expect((await lines.of(id)).map(({ event }) => event)).toEqual(['whole']);
});

it('has nothing to tell where there is no log', async () => {
  expect(await (await past()).of(id)).toEqual([]);
});

it('tells the states that the tunnel was in', async () => {
  const pod = { namespace: 'db', name: 'pg-0', uid: 'u1', restarts: 0, ready: true, hostNetwork: false };
  const ready = { kind: 'ready', pod, port: 5432, sinceMs: beganMs - 9_000 };
  const lines = await past(
    written(9, 'tunnel state', { ...ready, held: 2, gapMs: 31.5, served: 2 }) +
      written(8, 'prolonged') +
      written(7, 'tunnel state', { kind: 'not a state', held: 0 }) +
      written(6, 'tunnel state', { kind: 'off', held: 0 }),
  );
  expect(await lines.history(id)).toEqual([
    { atMs: beganMs - 9_000, wanted: 'on', shown: 'ready', state: ready, held: 2, gapMs: 31.5, served: 2 },
    { atMs: beganMs - 6_000, wanted: 'off', shown: 'off', state: { kind: 'off' }, held: 0 },
  ]);
});
