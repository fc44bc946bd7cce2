import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '../base/log.ts';
import { keptEnvironment } from './kept-environment.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-environment-'));
  path = join(folder, 'environment.json');
});
afterEach(() => rm(folder, { recursive: true }));

const start = (env: NodeJS.ProcessEnv, isWanted: boolean) =>
  keptEnvironment({ path, env, isWanted, log: silentLog });

const shell = { KUBECONFIG: '/clusters/a:/clusters/b', PATH: '/home/dev/bin:/usr/bin', LANG: 'C' };
const login = { PATH: '/usr/bin:/bin', LANG: 'de' };

it('brings wanted tunnels back with the kubeconfig that they came up with, whoever starts the daemon', async () => {
  expect(await start(shell, false)).toEqual(shell);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const again = { KUBECONFIG: shell.KUBECONFIG, PATH: '/usr/bin:/bin:/home/dev/bin', LANG: 'de' };
  expect(await start(login, true)).toEqual(again);
  // Also the next time: what a login adds is not what was kept.
  expect(await start(login, true)).toEqual(again);
});

it('takes the kubeconfig that is given, and keeps that one from then on', async () => {
  await start(shell, false);
  const other = { KUBECONFIG: '/clusters/c', PATH: '/usr/bin' };
  expect(await start(other, true)).toEqual(other);
  expect(await start(login, true)).toMatchObject({ KUBECONFIG: '/clusters/c' });
});

it('forgets it where nothing is wanted any more', async () => {
  await start(shell, false);
  expect(await start(login, false)).toEqual(login);
  expect(await start(login, true)).not.toHaveProperty('KUBECONFIG');
});

it('keeps whole paths, because the next daemon is started elsewhere', async () => {
  await start({ KUBECONFIG: 'here' }, false);
  expect(await start({}, true)).toMatchObject({ KUBECONFIG: resolve('here') });
});

it.each(['', '{', '{"KUBECONFIG":1}'])(
  'starts with what is given where the file is damaged: %j',
  async (text) => {
    await writeFile(path, text);
    expect(await start(login, true)).toEqual(login);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ PATH: login.PATH });
  },
);
