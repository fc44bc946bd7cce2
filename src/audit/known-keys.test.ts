import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { readKnownKeys, rememberKey } from './known-keys.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'known-keys-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const remember = (key: string) => rememberKey(folder, key, { kept: { in: 'memory' }, clock: systemClock });
const remembered = async () => (await readKnownKeys(folder))?.map(({ key }) => key).sort();

it('keeps what all of those remember who write at once, and leaves nothing besides', async () => {
  const keys = ['a', 'b', 'c', 'd'];
  await Promise.all(keys.map(remember));
  expect(await remembered()).toEqual(keys);
  expect(await readdir(folder)).toEqual(['keys.json']);
});

it('knows a key once, whoever remembers it again and at once', async () => {
  await Promise.all([remember('a'), remember('a')]);
  await remember('a');
  expect(await remembered()).toEqual(['a']);
});
