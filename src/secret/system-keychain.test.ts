import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Secret } from '../base/secret.ts';
import { type Keytar, loadKeytar, SystemKeychain } from './system-keychain.ts';

const run = promisify(execFile);
const entry = { service: 'sallyport', account: 'user/orders-db' };

class FakeKeytar implements Keytar {
  readonly kept = new Map<string, string>();

  async getPassword(service: string, account: string) {
    return this.kept.get(`${service} ${account}`) ?? null;
  }

  async setPassword(service: string, account: string, password: string) {
    this.kept.set(`${service} ${account}`, password);
  }

  async deletePassword(service: string, account: string) {
    return this.kept.delete(`${service} ${account}`);
  }
}

function keychainOf(keytar: Keytar, clock = new FakeClock()) {
  return { clock, keychain: new SystemKeychain({ clock, load: async () => keytar, platform: 'linux' }) };
}

it('keeps, finds and forgets by service and account', async () => {
  const keytar = new FakeKeytar();
  const { keychain, clock } = keychainOf(keytar);
  expect(await keychain.get(entry)).toBeUndefined();
  expect(await keychain.set(entry, new Secret('pw ü'))).toEqual({ in: 'keychain' });
  expect([...keytar.kept]).toEqual([['sallyport user/orders-db', 'pw ü']]);
  expect((await keychain.get(entry))?.secret.reveal()).toBe('pw ü');
  expect(await keychain.delete(entry)).toBe(true);
  expect(await keychain.delete(entry)).toBe(false);
  expect(clock.pending).toBe(0);
});

it('is not loaded before its first use', async () => {
  let loads = 0;
  const load = async () => {
    loads++;
    return new FakeKeytar();
  };
  const keychain = new SystemKeychain({ clock: new FakeClock(), load });
  expect(loads).toBe(0);
  await keychain.get(entry);
  expect(loads).toBe(1);
});

describe('one that cannot be used', () => {
  it.each([
    ['linux', 'libsecret is not installed', 'libsecret-1-0'],
    ['sunos', 'there is none for sunos', 'passwords.keepIn'],
  ])('says what is missing on %s, not what keytar says', async (platform, message, next) => {
    const load = async () => {
      throw new Error('Failed to load keytar native addon, checked ["../build/Release"]');
    };
    const keychain = new SystemKeychain({ clock: new FakeClock(), load, platform });
    const error = await keychain.get(entry).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'SP-KEYCHAIN' });
    expect(error.message).toContain(message);
    const { errorText } = await import('../contract/error-codes.ts');
    expect(errorText(error.toData()).next).toContain(next);
  });

  it('is not loaded in a session without a bus', async () => {
    const home = await mkdtemp(join(tmpdir(), 'session-'));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    const load = () => loadKeytar({ platform: 'linux', env: { XDG_RUNTIME_DIR: home } });
    const keychain = new SystemKeychain({ clock: new FakeClock(), load, platform: 'linux' });
    await expect(keychain.get(entry)).rejects.toMatchObject({
      code: 'SP-KEYCHAIN',
      details: { message: 'this session has no D-Bus for it' },
    });
    await writeFile(join(home, 'bus'), '');
    // The library itself may be missing on this machine.
    expect(await load().catch((error) => error.code)).not.toBe('SP-KEYCHAIN');
  });

  it('is said in its own words where it refuses', async () => {
    const keytar = new FakeKeytar();
    keytar.getPassword = async () => {
      throw new Error('The name org.freedesktop.secrets was not provided by any .service files\nmore');
    };
    const { keychain } = keychainOf(keytar);
    await expect(keychain.get(entry)).rejects.toMatchObject({
      code: 'SP-KEYCHAIN',
      details: { message: 'The name org.freedesktop.secrets was not provided by any .service files' },
    });
  });

  it('is waited for 60 s, and while a call hangs no other begins', async () => {
    const keytar = new FakeKeytar();
    const hanging = Promise.withResolvers<string>();
    const asked: string[] = [];
    keytar.getPassword = (_service, account) => {
      asked.push(account);
      return account === 'slow' ? hanging.promise : Promise.resolve('next');
    };
    const { keychain, clock } = keychainOf(keytar);
    const slow = keychain.get({ ...entry, account: 'slow' });
    const refused = expect(slow).rejects.toMatchObject({
      details: { message: 'it did not answer within 60 s' },
    });
    await clock.advanceAsync(0);
    await clock.advanceAsync(60_000);
    await refused;
    const after = keychain.get({ ...entry, account: 'after' });
    await clock.advanceAsync(1_000);
    expect(asked).toEqual(['slow']);
    // Its user has unlocked it at last.
    hanging.resolve('late');
    expect((await after)?.secret.reveal()).toBe('next');
    expect(asked).toEqual(['slow', 'after']);
  });
});

/** A bus and a keyring of the test's own; undefined where Debian's packages for them are missing. */
async function keyringCommand(): Promise<string | undefined> {
  const script = 'command -v dbus-run-session && command -v gnome-keyring-daemon';
  const found = await run('/bin/sh', ['-c', script]).then(
    () => true,
    () => false,
  );
  return found ? 'echo -n pw | gnome-keyring-daemon --unlock --components=secrets >&2; exec "$@"' : undefined;
}

const required = process.env.SALLYPORT_REQUIRE_ALL !== undefined;

it('works with keytar, libsecret and a real keyring', async (context) => {
  const command = await keyringCommand();
  if (!command && !required)
    return context.skip('needs dbus-run-session, gnome-keyring-daemon and libsecret');
  const home = await mkdtemp(join(tmpdir(), 'keyring-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const script = `
    const { SystemKeychain } = await import(${JSON.stringify(fileURLToPath(new URL('system-keychain.ts', import.meta.url)))});
    const { Secret } = await import(${JSON.stringify(fileURLToPath(new URL('../base/secret.ts', import.meta.url)))});
    const { systemClock } = await import(${JSON.stringify(fileURLToPath(new URL('../base/clock.ts', import.meta.url)))});
    const keychain = new SystemKeychain({ clock: systemClock });
    const alive = setInterval(() => {}, 1000);
    const entry = { service: 'sallyport', account: 'user/orders-db' };
    const said = [await keychain.get(entry), await keychain.set(entry, new Secret('pw \\u00fc'))];
    said.push((await keychain.get(entry)).secret.reveal(), await keychain.delete(entry), await keychain.delete(entry));
    console.log(JSON.stringify(said));
    clearInterval(alive);`;
  const words = [
    '--',
    '/bin/sh',
    '-c',
    command ?? '',
    'sh',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ];
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, XDG_DATA_HOME: join(home, 'data') };
  const { stdout } = await run('dbus-run-session', words, { env });
  expect(JSON.parse(stdout)).toEqual([null, { in: 'keychain' }, 'pw ü', true, false]);
});
