import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { extractAll, listPackage } from '@electron/asar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { builderConfig, builderConfigOf } from '../../build/desktop/builder-config.ts';
import { publisherOf } from '../../build/desktop/publisher.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { formatTitle } from '../../src/contract/connection-format.ts';
import { netserverManifest, netserverPorts } from '../../src/sandbox/manifest.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { DaemonHome, firstLine } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';
import type { Seen, SeenItem, Told } from './run-main.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const packed = join(root, 'dist/packages/linux-unpacked');
const resources = join(packed, 'resources');
const archive = join(resources, 'app.asar');
const packedProgram = join(resources, 'bin', 'sallyport');

let dir: string;

/** What a packager looks for in Electron's binary: the place of its fuses, in their order (https://www.electronjs.org/docs/latest/tutorial/fuses). */
const fuseSentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
/** Each as it must not stay; the last has no setting of ours. */
const fusesBefore = '101100111';
const fusesAfter = '010011001';

/** A folder as Electron's own, with a binary that is its fuses alone. */
async function stubElectron(folder: string): Promise<void> {
  await mkdir(join(folder, 'resources'), { recursive: true });
  const wire = Buffer.from([1, fusesBefore.length]);
  const binary = Buffer.concat([
    Buffer.from('#!/bin/false\n'),
    Buffer.from(fuseSentinel),
    wire,
    Buffer.from(fusesBefore),
  ]);
  await writeFile(join(folder, 'electron'), binary, { mode: 0o755 });
  await writeFile(join(folder, 'version'), packageJson.devDependencies.electron);
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-desktop-'));
  await stubElectron(join(dir, 'electron'));
  await run(process.execPath, [join(root, 'build/executable/main.ts')]);
  await run(process.execPath, [
    join(root, 'build/desktop/main.ts'),
    '--dir',
    '--electron',
    join(dir, 'electron'),
  ]);
  extractAll(archive, join(dir, 'app'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

describe.runIf(process.platform === 'linux')('the packed app', () => {
  test('is made of bundles, the page and icons, and of nothing else', async () => {
    const files = listPackage(archive, { isPack: false });
    const beside = files.filter((file) => !/^\/(renderer|icons)(\/|$)/.test(file));
    expect(beside.sort()).toEqual(['/main.cjs', '/package.json', '/preload.cjs']);
    expect(files).toContain('/renderer/index.html');
    expect(files.filter((file) => /^\/renderer\/.*\.js$/.test(file))).not.toEqual([]);
    expect(files.filter((file) => file.startsWith('/icons/'))).toHaveLength(16);
    expect(files.filter((file) => /node_modules|\.tsx?$|\.test\.|\.map$|fixture/.test(file))).toEqual([]);
    expect(JSON.parse(await readFile(join(dir, 'app/package.json'), 'utf8'))).toEqual({
      name: 'sallyport',
      productName: 'Sallyport',
      version: packageJson.version,
      description: packageJson.description,
      license: packageJson.license,
      main: 'main.cjs',
    });
  });

  test('has a preload that asks for electron and nothing else', async () => {
    const preload = await readFile(join(dir, 'app/preload.cjs'), 'utf8');
    expect([...preload.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(['electron']);
    expect(preload.length).toBeLessThan(4_000);
  });

  test('carries the executable beside its archive', async () => {
    expect((await stat(packedProgram)).mode & 0o777).toBe(0o755);
    expect((await run(packedProgram, ['--version'], { env: { HOME: dir } })).stdout).toContain(
      packageJson.version,
    );
  });

  test('has what its updater reads before it downloads, and no address', async () => {
    expect(parse(await readFile(join(resources, 'app-update.yml'), 'utf8'))).toEqual({
      provider: 'generic',
      url: 'https://updates.invalid/',
      updaterCacheDirName: 'sallyport-updater',
    });
    // On macOS an update is taken out of a zip.
    expect(builderConfig.mac?.target).toEqual(['dmg', 'zip']);
  });

  test('is of the pinned Electron, with its fuses set', async () => {
    expect(builderConfig.electronVersion).toBe(packageJson.devDependencies.electron);
    const binary = await readFile(join(packed, 'sallyport'));
    const at = binary.indexOf(fuseSentinel) + fuseSentinel.length + 2;
    expect(binary.subarray(at, at + fusesAfter.length).toString()).toBe(fusesAfter);
  });
});

describe('a publisher', () => {
  const named = {
    SALLYPORT_PUBLISHER_NAME: 'Example GmbH',
    SALLYPORT_PUBLISHER_EMAIL: 'tunnels@example.com',
    SALLYPORT_PUBLISHER_HOMEPAGE: 'https://example.com/tunnels',
  };

  test('is whom the environment names, as the maintainer of the package too', () => {
    const publisher = publisherOf(named);
    expect(publisher).toEqual({
      name: 'Example GmbH',
      email: 'tunnels@example.com',
      homepage: 'https://example.com/tunnels',
    });
    expect(builderConfigOf(publisher).linux?.maintainer).toBe('Example GmbH <tunnels@example.com>');
    expect(builderConfigOf(undefined).linux?.maintainer).toBeUndefined();
  });

  test.each([
    [{ SALLYPORT_PUBLISHER_EMAIL: '' }, 'a publisher has all of'],
    [{ SALLYPORT_PUBLISHER_EMAIL: 'nobody' }, 'SALLYPORT_PUBLISHER_EMAIL is no address'],
    [{ SALLYPORT_PUBLISHER_HOMEPAGE: 'http://example.com' }, 'is no https address'],
  ])('is refused where nobody can be reached by it: %o', (change, message) => {
    expect(() => publisherOf({ ...named, ...change })).toThrow(message);
  });

  test.runIf(process.platform === 'linux')('has to be named where a deb is to be made', async () => {
    const packing = run(process.execPath, [join(root, 'build/desktop/main.ts')], {
      env: { PATH: process.env.PATH },
    });
    await expect(packing).rejects.toMatchObject({
      stderr: expect.stringContaining(
        'a deb names whom to ask: set SALLYPORT_PUBLISHER_NAME, SALLYPORT_PUBLISHER_EMAIL and SALLYPORT_PUBLISHER_HOMEPAGE, or pack with --dir',
      ),
    });
  });
});

/** The packed main script, as it runs. */
class Main {
  readonly child: ChildProcess;
  readonly #seen: Seen[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(env: NodeJS.ProcessEnv, ...more: readonly string[]) {
    const script = fileURLToPath(new URL('run-main.ts', import.meta.url));
    this.child = spawn(process.execPath, [script, join(dir, 'app'), resources, ...more], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      this.#seen.push(JSON.parse(line) as Seen);
      for (const look of [...this.#waiting]) look();
    });
  }

  tell(told: Told): void {
    this.child.stdin?.write(`${JSON.stringify(told)}\n`);
  }

  /** Forgets what was seen, then does something: what comes next is its doing. */
  after(told: Told): void {
    this.#seen.length = 0;
    this.tell(told);
  }

  async seen<W extends Seen['what']>(
    what: W,
    accept: (seen: Extract<Seen, { what: W }>) => boolean = () => true,
  ): Promise<Extract<Seen, { what: W }>> {
    const { promise, resolve } = Promise.withResolvers<Extract<Seen, { what: W }>>();
    const look = () => {
      const found = this.#seen.find(
        (seen): seen is Extract<Seen, { what: W }> =>
          seen.what === what && accept(seen as Extract<Seen, { what: W }>),
      );
      if (found) resolve(found);
    };
    this.#waiting.add(look);
    look();
    return promise.finally(() => this.#waiting.delete(look));
  }

  menuWith(text: string): Promise<Extract<Seen, { what: 'menu' }>> {
    return this.seen('menu', ({ items }) => JSON.stringify(items).includes(text));
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode === null) await once(this.child, 'exit');
    return this.child.exitCode;
  }
}

function labels(items: readonly SeenItem[]): (string | undefined)[] {
  return items.map(({ label }) => label);
}

describe.runIf(process.platform === 'linux')('its start path, with a double of Electron', () => {
  let sandbox: Sandbox;
  let home: DaemonHome;
  let env: NodeJS.ProcessEnv;
  let port: number;
  let main: Main;

  beforeAll(async () => {
    sandbox = await startSandbox({
      dir: join(dir, 'sandbox'),
      namespace: 'data',
      manifest: netserverManifest('data'),
    });
    home = await DaemonHome.create({
      PATH: '/usr/bin:/bin',
      SHELL: '/bin/sh',
      KUBECONFIG: sandbox.kubeconfigPath,
    });
    env = home.processEnv;
    port = await freePort();
    await home.writeProfiles({
      profiles: {
        net: {
          cluster: { context: 'sandbox' },
          namespace: 'data',
          target: 'statefulset/net/0',
          port: netserverPorts.identity,
          local: port,
        },
      },
    });
    main = new Main(env);
  });

  afterAll(async () => {
    main.child.kill('SIGKILL');
    await run(packedProgram, ['daemon', 'stop'], { env });
    await sandbox.stop();
    await home[Symbol.asyncDispose]();
  });

  test('starts the packed executable as the daemon, and shows what that says', async () => {
    const { items } = await main.menuWith('○ net');
    expect(labels(items)).toEqual([
      'Sallyport · nothing is up',
      undefined,
      '○ net',
      undefined,
      'Open Sallyport…',
      'Settings',
      'Quit…',
    ]);
    const { stdout } = await run(packedProgram, ['daemon', 'status', '--json'], { env });
    const { pid, version } = JSON.parse(stdout);
    expect(await readlink(`/proc/${pid}/exe`)).toBe(packedProgram);
    expect(version).toBe(packageJson.version);
    expect(await main.seen('icon', ({ name }) => name === 'tray-idle.png')).toMatchObject({ exists: true });
  });

  test('opens its window on the packed page, hardened', async () => {
    const { address, preferences } = await main.seen('page');
    expect(address).toBe('app://sallyport/index.html');
    expect(preferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      preload: join(dir, 'app', 'preload.cjs'),
    });
    const guards = await main.seen('said', ({ name }) => name === 'guards');
    expect(guards.value).toEqual([
      'will-attach-webview',
      'will-frame-navigate',
      'will-navigate',
      'will-redirect',
    ]);
    for (const name of ['sandbox', 'permission-requests', 'permission-checks', 'devices'])
      await main.seen('said', (said) => said.name === name);
    main.after({ do: 'fetch', address });
    const page = await main.seen('file');
    expect(page.status).toBe(200);
    expect(page.policy).toContain("default-src 'none'");
    expect(page.text).toBe(await readFile(join(dir, 'app/renderer/index.html'), 'utf8'));
    main.after({ do: 'fetch', address: 'app://sallyport/../main.cjs' });
    expect((await main.seen('file')).status).toBe(404);
  });

  test('answers its page from the daemon, and no other', async () => {
    main.after({ do: 'invoke', request: { request: 'call', operation: 'version', input: {} } });
    expect(await main.seen('answer')).toMatchObject({ answer: { answer: { version: packageJson.version } } });
    const request = { request: 'call', operation: 'version', input: {} };
    main.after({ do: 'invoke', request, from: 'https://example.com/' });
    expect(await main.seen('answer')).toMatchObject({ answer: { error: { code: 'SP-USAGE' } } });
    main.after({ do: 'invoke', request: { request: 'news', feed: 1 } });
    expect(await main.seen('answer')).toMatchObject({
      answer: { kind: 'events', events: [{ event: 'hello' }, { event: 'snapshot' }] },
    });
  });

  test('asks before it follows a link', async () => {
    main.tell({ do: 'answer-dialogs', labels: ['Cancel'] });
    main.after({ do: 'second-start', args: ['sallyport', 'sallyport://up/net'] });
    expect(await main.seen('dialog')).toMatchObject({
      message: 'Connect net?',
      buttons: ['Connect', 'Cancel'],
    });
    main.after({ do: 'invoke', request: { request: 'call', operation: 'tunnels', input: {} } });
    expect(await main.seen('answer')).toMatchObject({
      answer: { answer: { tunnels: [{ name: 'net', wanted: 'off' }] } },
    });
    main.tell({ do: 'answer-dialogs', labels: ['Connect', 'Close'] });
    main.after({ do: 'second-start', args: ['sallyport', 'sallyport://up/absent'] });
    await main.seen('dialog', ({ message }) => message === 'there is no tunnel absent');
  });

  test('a click in the tray connects, and another copies what programs take', async () => {
    main.after({ do: 'click', label: '○ net' });
    await main.menuWith('● net — net-0');
    expect(await firstLine(port)).toContain('net-0');
    await main.seen('icon', ({ name }) => name === 'tray-up.png');
    main.after({ do: 'click', label: 'Copy address' });
    expect((await main.seen('clipboard')).text).toBe(`127.0.0.1:${port}`);
  });

  test('shares the settings of the daemon with its page, and opens at login where they say so', async () => {
    const file = home.places.settingsFile;
    const autostart = join(home.dir, 'config/autostart/sallyport.desktop');
    const change = { openAtLogin: true, theme: 'dark', formats: { tcp: 'nc' } };
    main.after({
      do: 'invoke',
      request: { request: 'call', operation: 'changeSettings', input: { change } },
    });
    expect(await main.seen('answer')).toMatchObject({ answer: { answer: { file, window: change } } });
    await main.menuWith(`"label":"Copy ${formatTitle.nc}"`);
    await main.menuWith('"label":"Open at login","type":"checkbox","checked":true');
    expect(await main.seen('said', ({ name }) => name === 'theme')).toMatchObject({ value: 'dark' });
    expect(await readFile(file, 'utf8')).toContain('openAtLogin: true');
    expect(await readFile(autostart, 'utf8')).toContain('--hidden');
    main.after({ do: 'click', label: 'Open at login' });
    await main.menuWith('"label":"Open at login","type":"checkbox","checked":false');
    expect(await readFile(file, 'utf8')).toContain('openAtLogin: false');
    await expect(readFile(autostart)).rejects.toThrow('ENOENT');
  });

  test('asks before it ends, stays where that is said, and leaves tunnels up where they are to be kept', async () => {
    // What a link could not do is still shown: no question is open.
    main.tell({ do: 'answer-dialogs', labels: ['Connect'] });
    main.after({ do: 'second-start', args: ['sallyport', 'sallyport://up/absent'] });
    await main.seen('dialog', ({ message }) => message === 'there is no tunnel absent');
    main.after({ do: 'quit' });
    expect(await main.seen('dialog')).toMatchObject({
      message: '1 tunnel is up',
      buttons: ['Keep it up', 'End it', 'Cancel'],
    });
    main.tell({ do: 'answer-dialogs', labels: ['Close', 'Cancel'] });
    main.after({ do: 'invoke', request: { request: 'call', operation: 'version', input: {} } });
    await main.seen('answer');
    main.tell({ do: 'answer-dialogs', labels: ['Keep it up'] });
    main.after({ do: 'quit' });
    expect(await main.ended()).toBe(0);
    expect(await firstLine(port)).toContain('net-0');
  });

  test('finds the daemon that was kept, and ends the tunnel where that is said', async () => {
    const { pid } = JSON.parse((await run(packedProgram, ['daemon', 'status', '--json'], { env })).stdout);
    main = new Main(env);
    await main.menuWith('● net — net-0');
    const status = JSON.parse((await run(packedProgram, ['daemon', 'status', '--json'], { env })).stdout);
    expect(status.pid).toBe(pid);
    main.tell({ do: 'answer-dialogs', labels: ['End it'] });
    main.tell({ do: 'quit' });
    expect(await main.ended()).toBe(0);
    await expect(firstLine(port)).rejects.toThrow();
  });

  test('follows the link that started it, with a daemon that it starts for that', async () => {
    await run(packedProgram, ['daemon', 'stop'], { env });
    main = new Main(env, 'sallyport://up/net');
    main.tell({ do: 'answer-dialogs', labels: ['Connect', 'End it'] });
    await main.menuWith('● net — net-0');
    main.tell({ do: 'quit' });
    expect(await main.ended()).toBe(0);
  });
});
