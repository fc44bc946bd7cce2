import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../base/log.ts';
import { WantedFile } from './wanted-file.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wanted-file-'));
  path = join(folder, 'wanted.json');
});
afterEach(() => rm(folder, { recursive: true }));

const open = async () => {
  const file = new WantedFile({ path, log: silentLog });
  await file.load();
  return file;
};

it('gives back what was told, ports too', async () => {
  const file = await open();
  await Promise.all([
    file.want({ id: 'user/a', wanted: 'on', upSinceMs: 5 }),
    file.want({ id: 'ad-hoc/b', wanted: 'paused', adHoc: { name: 'b', target: 'pod/x', port: 80 } }),
    file.keepPort('user/a', 15_432),
  ]);
  await file.drop('user/a');
  const again = await open();
  expect([...again.tunnels.keys()]).toEqual(['ad-hoc/b']);
  expect(again.portOf('user/a')).toBe(15_432);
  expect(await readdir(folder)).toEqual(['wanted.json']);
});

it.each(['', '{"version":1,"tunnels":[', '{"version":2}', 'null'])(
  'stops at a file that is not whole, and leaves it: %s',
  async (text) => {
    await writeFile(path, text);
    await expect(open()).rejects.toMatchObject({ code: 'SP-STATE-UNREADABLE', details: { path } });
    expect(await readFile(path, 'utf8')).toBe(text);
  },
);

it('says that it could not write, and writes the next time', async () => {
  const file = await open();
  await rm(folder, { recursive: true });
  await expect(file.want({ id: 'user/a', wanted: 'on' })).rejects.toMatchObject({
    code: 'SP-STATE-UNWRITABLE',
  });
  await mkdir(folder);
  await file.want({ id: 'user/b', wanted: 'on' });
  expect([...(await open()).tunnels.keys()]).toEqual(['user/a', 'user/b']);
});

it('writes no more tunnels than it reads, and keeps as many ports', async () => {
  const file = await open();
  const ids = Array.from({ length: 10_000 }, (_, index) => `user/t${index}`);
  await Promise.all(ids.map((id) => file.want({ id, wanted: 'on' })));
  await expect(file.want({ id: 'user/one-more', wanted: 'on' })).rejects.toMatchObject({
    code: 'SP-STATE-UNWRITABLE',
  });
  await file.want({ id: 'user/t0', wanted: 'paused' });
  await file.drop('user/t1');
  await Promise.all(ids.map((id) => file.keepPort(id, 15_432)));
  await file.keepPort('user/new', 15_433);
  const again = await open();
  expect(again.tunnels.size).toBe(9_999);
  // That of the only one that is not wanted.
  expect(again.portOf('user/t1')).toBeUndefined();
  expect([again.portOf('user/t0'), again.portOf('user/new')]).toEqual([15_432, 15_433]);
});

/** Writes ever more tunnels, and says on stdout which number is on the disk. */
const writer = `
  import { WantedFile } from './wanted-file.ts';
  const file = new WantedFile({ path: process.argv[2], log: { debug() {}, info() {}, warn() {} } });
  await file.load();
  for (let index = file.tunnels.size; ; index++) {
    const more = file.want({ id: 'user/t' + index, wanted: 'on' });
    await Promise.all([more, file.keepPort('user/t' + index, 10_000 + index)]);
    process.stdout.write(index + '\\n');
  }`;

const kills = 200;

it(`loses nothing that was acknowledged when its writer is killed ${kills} times`, {
  timeout: 180_000,
}, async () => {
  const program = join(folder, 'writer.mjs');
  // One file, so that a writer starts in a few milliseconds.
  await build({
    stdin: { contents: writer, resolveDir: import.meta.dirname },
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
  });
  let acknowledged = -1;
  for (let kill = 0; kill < kills; kill++) {
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let writes = 0;
    const afterWrites = 1 + Math.floor(Math.random() * 4);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter(Boolean))
        acknowledged = Math.max(acknowledged, Number(line));
      writes += 1;
      // In the middle of a later write: each takes about as long as this.
      if (writes === afterWrites) setTimeout(() => child.kill('SIGKILL'), Math.random() * 4);
    });
    await once(child, 'close');
    const file = await open();
    expect(file.tunnels.size).toBeGreaterThan(acknowledged);
    for (let index = 0; index <= acknowledged; index++) {
      expect(file.tunnels.has(`user/t${index}`) && file.portOf(`user/t${index}`)).toBe(10_000 + index);
    }
  }
});
