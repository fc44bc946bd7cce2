import { expect, it } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';
import { loginEnvironment } from './login-environment.ts';

const clock = new FakeClock();
const env = { PATH: '/usr/bin:/bin', HOME: '/home/dev', ELECTRON_RUN_AS_NODE: '1', EMPTY: undefined };

it("takes the login shell's over the desktop's, and nothing of Electron's", async () => {
  const shellEnv = async () => ({
    PATH: '/home/dev/bin:/usr/bin',
    KUBECONFIG: '/home/dev/k',
    ELECTRON_X: '1',
  });
  expect(await loginEnvironment({ env, platform: 'darwin', clock, shellEnv })).toEqual({
    HOME: '/home/dev',
    PATH: '/home/dev/bin:/usr/bin',
    KUBECONFIG: '/home/dev/k',
  });
});

it('goes on without the shell where it fails, or does not answer', async () => {
  const desktop = { HOME: '/home/dev', PATH: '/usr/bin:/bin' };
  const failing = () => Promise.reject(new Error('no shell'));
  expect(await loginEnvironment({ env, platform: 'linux', clock, shellEnv: failing })).toEqual(desktop);
  const late = loginEnvironment({ env, platform: 'linux', clock, shellEnv: () => new Promise(() => {}) });
  await clock.advanceAsync(5_000);
  expect(await late).toEqual(desktop);
});

it('asks no shell on Windows', async () => {
  const shellEnv = () => Promise.reject(new Error('asked'));
  const given = { Path: 'C:\\Windows' };
  expect(await loginEnvironment({ env: given, platform: 'win32', clock, shellEnv })).toEqual(given);
});

it('leaves out what an AppImage adds, whose folders go away with the app', async () => {
  const mount = '/tmp/.mount_Sally';
  const image = {
    APPDIR: mount,
    APPIMAGE: '/home/dev/Sallyport.AppImage',
    PATH: `${mount}/usr/bin:/usr/bin`,
    LD_LIBRARY_PATH: `${mount}/usr/lib`,
    XDG_DATA_DIRS: `${mount}/usr/share:/usr/share`,
  };
  const shellEnv = async () => ({});
  expect(await loginEnvironment({ env: image, platform: 'linux', clock, shellEnv })).toEqual({
    PATH: '/usr/bin',
    XDG_DATA_DIRS: '/usr/share',
  });
});
