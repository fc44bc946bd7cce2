import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ControlView } from '../../src/client/control-view.ts';
import type { SocketControl } from '../../src/client/socket-control.ts';
import type { OperationAnswer } from '../../src/contract/control.ts';
import type { AdHoc } from '../../src/contract/control-tunnel.ts';
import type { DaemonOptions } from '../../src/daemon/daemon.ts';
import { netserverManifest } from '../../src/sandbox/manifest.ts';
import { sandboxToken } from '../../src/sandbox/sandbox.ts';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { type Keytar, SystemKeychain } from '../../src/secret/system-keychain.ts';
import { useMachine } from '../support/daemon-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';

type AdHocPassword = NonNullable<NonNullable<AdHoc['connection']>['password']>;

const planted = 'planted-hunter2-ü';

const machine = useMachine({ manifest: [...netserverManifest(), ...secrets()] });

function secrets() {
  const secret = (name: string, rest: object) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name },
    ...rest,
  });
  return [
    secret('orders-app', { stringData: { password: planted, username: 'orders', empty: '' } }),
    secret('binary', { data: { password: '/w==' } }),
    secret('large', { stringData: { password: 'x'.repeat(5_000) } }),
  ];
}

const orders = (password: object | undefined, rest: object = {}) => ({
  cluster: { server: machine.sandbox.server },
  namespace: 'default',
  target: 'statefulset/net/0',
  port: 'identity',
  kind: 'postgres',
  connection: { user: 'app', ...(password && { password }) },
  // With the gateway nobody is told a password of the database.
  policy: { gateway: false },
  ...rest,
});

async function started(profiles: Record<string, object>, options: Partial<DaemonOptions> = {}) {
  await machine.home.writeProfiles({ profiles });
  const daemon = machine.stack.use(await machine.home.start({ keychain: new MemoryKeychain(), ...options }));
  return { daemon, control: machine.stack.use(machine.home.control()) };
}

type Found = Extract<OperationAnswer<'password'>, { kind: 'found' }>;

async function foundIn(control: SocketControl, name: string): Promise<Found> {
  const answer = await control.call('password', { name });
  if (answer.kind !== 'found') throw new Error(`the answer is ${answer.kind}`);
  return answer;
}

/** The question that has to be answered first. */
async function questionOf(control: SocketControl, name: string) {
  const answer = await control.call('password', { name, ask: true });
  if (answer.kind !== 'asked') throw new Error(`the answer is ${answer.kind}`);
  return answer.question;
}

const secret = (name: string, key: string) => ({ secret: { name, key } });

describe('a password in a Secret', () => {
  it("is read in the target's namespace, each time anew, with the user that the Secret names where the profile names none", async () => {
    const { control } = await started({
      db: orders(secret('orders-app', 'password')),
      nameless: orders(undefined, { connection: { password: secret('orders-app', 'password') } }),
      none: orders(undefined),
    });
    expect(await foundIn(control, 'db')).toEqual({
      kind: 'found',
      password: planted,
      user: 'app',
      origin: { kind: 'secret', namespace: 'default', name: 'orders-app', key: 'password' },
    });
    expect((await foundIn(control, 'nameless')).user).toBe('orders');
    expect(await control.call('password', { name: 'none' })).toEqual({ kind: 'none' });

    const key = { namespace: 'default', name: 'orders-app' };
    const set = (text: string) =>
      machine.sandbox.controls.store.update('secrets', key, (draft) => {
        draft.data = { ...draft.data, password: Buffer.from(text).toString('base64') };
      });
    set('rotated');
    expect((await foundIn(control, 'db')).password).toBe('rotated');
    set(planted);
  });

  it('is refused with the rule that is missing, and without a word of what others may read', async () => {
    machine.sandbox.controls.setAccess(
      ({ user }, { resource }) => user !== sandboxToken.user || resource !== 'secrets',
    );
    const { control } = await started({
      db: orders(secret('orders-app', 'password'), { cluster: { context: 'token' } }),
    });
    await expect(control.call('password', { name: 'db' })).rejects.toMatchObject({
      code: 'SP-FORBIDDEN',
      details: {
        user: sandboxToken.user,
        verb: 'get',
        resource: 'secrets',
        next: expect.stringContaining('resourceNames: ["orders-app"], verbs: ["get"]'),
      },
    });
  });

  it.each([
    ['orders-app', 'pasword', 'has nothing under the key pasword', 'empty, password, username'],
    ['orders-app', 'empty', 'has an empty text under the key empty', ''],
    ['binary', 'password', 'has no UTF-8 text under the key password', ''],
    ['large', 'password', 'has more than the 4096 bytes of a password', ''],
    ['orders-app', 'constructor', 'has nothing under the key constructor', ''],
  ])('is not had from %s, key %s: it %s', async (name, key, message, known) => {
    const { control } = await started({ db: orders(secret(name, key)) });
    const error = await control.call('password', { name: 'db' }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'SP-SECRET-KEY' });
    expect(error.message).toContain(message);
    expect(String(error.details.known).split(', ').sort().join(', ')).toContain(known);
    expect(JSON.stringify(error.details)).not.toContain(planted);
  });

  it('that does not exist is said so', async () => {
    const { control } = await started({ db: orders(secret('absent', 'password')) });
    await expect(control.call('password', { name: 'db' })).rejects.toMatchObject({
      code: 'SP-SECRET-MISSING',
      details: { secret: 'absent', namespace: 'default' },
    });
  });
});

describe('a password in the keychain', () => {
  const profiles = () => ({ db: orders({ keychain: true }), other: orders({ keychain: true }) });

  it('is asked for once, by whichever face is open, and kept for the next daemon', async () => {
    const keychain = new MemoryKeychain();
    const { daemon, control } = await started(profiles(), { keychain });
    await expect(control.call('password', { name: 'db' })).rejects.toMatchObject({
      code: 'SP-PASSWORD-REQUIRED',
      details: { tunnel: 'db' },
    });
    expect((await control.call('questions', {})).questions).toEqual([]);
    const question = await questionOf(control, 'db');
    expect(question).toMatchObject({ kind: 'password', tunnel: 'user/db', user: 'app' });
    expect((await questionOf(control, 'db')).id).toBe(question.id);
    expect((await questionOf(control, 'other')).id).not.toBe(question.id);
    await control.call('answer', { question: question.id, answer: { kind: 'password', password: planted } });
    expect(await foundIn(control, 'db')).toMatchObject({ password: planted, user: 'app' });
    const { questions } = await control.call('questions', {});
    expect(questions.map(({ tunnel }) => tunnel)).toEqual(['user/other']);
    await daemon[Symbol.asyncDispose]();
    machine.stack.use(await machine.home.start({ keychain }));
    expect((await foundIn(control, 'db')).password).toBe(planted);
  });

  it('stays unknown where its user says no, and the tunnel as it was', async () => {
    const { control } = await started(profiles());
    const { outcomes } = await control.call('up', { names: ['db'], waitMs: 20_000 });
    const { id } = await questionOf(control, 'db');
    const { tunnel } = await control.call('answer', { question: id, answer: { kind: 'no' } });
    expect(tunnel).toMatchObject({ wanted: 'on', localPort: outcomes[0]?.tunnel?.localPort });
    await expect(control.call('password', { name: 'db' })).rejects.toMatchObject({
      code: 'SP-PASSWORD-REQUIRED',
    });
  });

  it('is set and forgotten by name, which answers what was asked meanwhile', async () => {
    const { control } = await started(profiles());
    await questionOf(control, 'db');
    const kept = await control.call('keepPassword', { name: 'db', password: planted });
    expect(kept).toMatchObject({ kind: 'kept', kept: { in: 'memory' } });
    expect((await control.call('questions', {})).questions).toEqual([]);
    expect((await foundIn(control, 'db')).password).toBe(planted);
    const forget = () => control.call('keepPassword', { name: 'db' });
    expect(await forget()).toEqual({ kind: 'forgotten', wasKept: true });
    expect(await forget()).toEqual({ kind: 'forgotten', wasKept: false });
    await expect(control.call('password', { name: 'db' })).rejects.toMatchObject({
      code: 'SP-PASSWORD-REQUIRED',
    });
  });

  it.each<[string, object]>([
    ['another user', { connection: { user: 'admin', password: { keychain: true } } }],
    ['another target', { target: 'service/net' }],
    ['another port', { port: 'echo' }],
    ['another namespace', { namespace: 'elsewhere' }],
    ['another cluster', { cluster: { context: 'token' } }],
  ])('is not given to a profile that names %s now', async (_what, change) => {
    const { control } = await started({ db: orders({ keychain: true }) });
    await control.call('keepPassword', { name: 'db', password: planted });
    await machine.home.writeProfiles({
      profiles: { db: orders({ keychain: true }, { description: 'harmless' }) },
    });
    await control.call('reload', {});
    expect((await foundIn(control, 'db')).password).toBe(planted);
    await machine.home.writeProfiles({ profiles: { db: orders({ keychain: true }, change) } });
    await control.call('reload', {});
    await expect(control.call('password', { name: 'db' })).rejects.toMatchObject({
      code: 'SP-PASSWORD-REQUIRED',
    });
  });

  it('is not kept for a profile that takes it from elsewhere', async () => {
    const { control } = await started({ db: orders(secret('orders-app', 'password')) });
    await expect(control.call('keepPassword', { name: 'db', password: planted })).rejects.toMatchObject({
      code: 'SP-USAGE',
      details: { message: expect.stringContaining('from the Secret orders-app') },
    });
  });

  it('is held until the daemon ends where there is no keychain, with the reason', async () => {
    const load = async (): Promise<Keytar> => {
      throw new Error('Failed to load keytar native addon');
    };
    const keychain = new SystemKeychain({ clock: new FakeClock(), load, platform: 'linux' });
    const { control } = await started(profiles(), { keychain });
    const kept = { in: 'memory', why: 'libsecret is not installed' };
    expect(await control.call('keepPassword', { name: 'db', password: planted })).toEqual({
      kind: 'kept',
      kept,
    });
    expect((await foundIn(control, 'db')).origin).toEqual({ kind: 'keychain', kept });
  });
});

describe('a file under a passphrase', () => {
  it('is made, opened and asked for once in each run', async () => {
    await mkdir(machine.home.places.folders.config, { recursive: true, mode: 0o700 });
    await writeFile(machine.home.places.settingsFile, 'passwords:\n  keepIn: file\n');
    const { daemon, control } = await started({
      db: orders({ keychain: true }),
      two: orders({ keychain: true }),
    });
    await expect(control.call('password', { name: 'db' })).rejects.toMatchObject({
      code: 'SP-PASSPHRASE-REQUIRED',
    });
    const first = await questionOf(control, 'db');
    expect(first).toMatchObject({ kind: 'passphrase', isNew: true });
    expect((await questionOf(control, 'two')).id).toBe(first.id);
    const answer = (question: string, passphrase: string) =>
      control.call('answer', { question, answer: { kind: 'passphrase', passphrase } });
    await expect(answer(first.id, 'short')).rejects.toMatchObject({ code: 'SP-PASSPHRASE-REFUSED' });
    await answer(first.id, 'correct horse battery');
    const kept = await control.call('keepPassword', { name: 'db', password: planted });
    expect(kept).toEqual({ kind: 'kept', kept: { in: 'file' } });
    await daemon[Symbol.asyncDispose]();

    machine.stack.use(await machine.home.start());
    const again = await questionOf(control, 'db');
    expect(again).toMatchObject({ kind: 'passphrase', isNew: false });
    await expect(answer(again.id, 'wrong horse battery')).rejects.toMatchObject({
      code: 'SP-PASSPHRASE-REFUSED',
    });
    await answer(again.id, 'correct horse battery');
    expect(await foundIn(control, 'db')).toMatchObject({
      password: planted,
      origin: { kept: { in: 'file' } },
    });
    const path = join(machine.home.places.folders.data, 'passwords.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('a password of this machine', () => {
  it('is read by the daemon in its own environment where no command line is involved', async () => {
    await writeFile(join(machine.home.dir, 'pw'), 'from a file\n', { mode: 0o600 });
    machine.home.env.ORDERS_PW = 'from a variable';
    const { control } = await started({
      file: orders({ file: '~/pw' }),
      variable: orders({ environment: 'ORDERS_PW' }),
      program: orders({ command: ['echo', 'from a program'] }),
    });
    for (const [name, word] of Object.entries({ file: 'file', variable: 'variable', program: 'program' }))
      expect((await foundIn(control, name)).password).toBe(`from a ${word}`);
  });

  it('is refused where it is not named by a profile of the own file: an ad hoc tunnel names no program at all', async () => {
    const { control } = await started({});
    const upWith = (password: AdHocPassword) =>
      control.call('up', {
        adHoc: [{ name: 'x', target: 'sts/net/0', port: 7010, connection: { password } }],
      });
    await expect(upWith({ command: ['touch', join(machine.home.dir, 'was-run')] })).rejects.toMatchObject({
      code: 'SP-USAGE',
    });
    await upWith({ file: join(machine.home.dir, 'a-file') });
    await expect(control.call('password', { name: 'x' })).rejects.toMatchObject({
      code: 'SP-PROFILE-INVALID',
    });
    expect(await readdir(machine.home.dir)).not.toContain('was-run');
  });
});

it("of a project's profile is not read before its user has agreed, and then from its Secret alone", async () => {
  const project = join(machine.home.dir, 'project');
  await mkdir(project);
  const write = (password: object, rest: object = { kind: 'mysql' }) =>
    writeFile(
      join(project, 'sallyport.yaml'),
      JSON.stringify({ version: 1, profiles: { db: orders(password, rest) } }),
    );
  const agree = async () => {
    const { profiles } = await control.call('profiles', { folder: project });
    await control.call('trust', { profile: 'db', folder: project, hash: profiles[0]!.hash });
  };
  await write(secret('orders-app', 'password'));
  const { control } = await started({});
  const here = { name: 'db', folder: project };
  const before = machine.sandbox.controls.audit().length;
  await expect(control.call('password', here)).rejects.toMatchObject({ code: 'SP-PROFILE-UNTRUSTED' });
  expect(machine.sandbox.controls.audit()).toHaveLength(before);
  await agree();
  expect(await control.call('password', here)).toMatchObject({ password: planted });

  // Of kind postgres nobody but the gateway can see to how it is sent.
  await write(secret('orders-app', 'password'), {});
  await control.call('reload', { folder: project });
  await expect(control.call('password', here)).rejects.toMatchObject({ code: 'SP-PROFILE-UNTRUSTED' });
  await agree();
  await expect(control.call('password', here)).rejects.toMatchObject({ code: 'SP-PASSWORD-WITHHELD' });

  await write({ command: ['touch', join(machine.home.dir, 'was-run')] });
  await control.call('reload', { folder: project });
  await expect(control.call('password', here)).rejects.toMatchObject({ code: 'SP-PROFILE-INVALID' });
  expect(await readdir(machine.home.dir)).not.toContain('was-run');
});

it('is nowhere in what the daemon writes, tells or counts', async () => {
  const views: ControlView[] = [];
  const printed = join(machine.dir, 'printed');
  await writeFile(printed, planted, { mode: 0o600 });
  const { control } = await started({
    secret: orders(secret('orders-app', 'password')),
    wrong: orders(secret('orders-app', 'pasword')),
    kept: orders({ keychain: true }),
    asked: orders({ keychain: true }),
    program: orders({ command: ['sh', '-c', `cat ${printed}; false`] }),
  });
  using _ = control.subscribe({ onView: (view) => views.push(view) });
  await control.call('up', { names: ['secret', 'kept'], waitMs: 20_000 });
  expect((await foundIn(control, 'secret')).password).toBe(planted);
  await control.call('keepPassword', { name: 'kept', password: planted });
  expect((await foundIn(control, 'kept')).password).toBe(planted);
  const { id } = await questionOf(control, 'asked');
  await control.call('answer', { question: id, answer: { kind: 'password', password: planted } });
  const errors: unknown[] = [];
  for (const call of [
    () => control.call('password', { name: 'wrong' }),
    () => control.call('password', { name: 'program' }),
    () => control.call('keepPassword', { name: 'secret', password: planted }),
    () => control.call('keepPassword', { name: 'kept', password: planted.repeat(1_000) }),
    () => control.call('answer', { question: 'gone', answer: { kind: 'password', password: planted } }),
  ])
    errors.push(await call().catch((error) => [error.code, error.message, error.details]));
  expect(errors.map((error) => (error as [string])[0])).toEqual([
    'SP-SECRET-KEY',
    'SP-PASSWORD-SOURCE',
    'SP-USAGE',
    'SP-USAGE',
    'SP-QUESTION-GONE',
  ]);
  const told = views.map(({ tunnels, questions, profiles }) => [
    [...tunnels.values()],
    [...questions.values()],
    profiles,
  ]);
  const said = [
    JSON.stringify(told),
    JSON.stringify(errors),
    JSON.stringify(await control.call('tunnel', { name: 'kept' })),
    JSON.stringify(await control.call('logs', { name: 'kept' })),
    JSON.stringify(await control.call('questions', {})),
    (await control.call('metrics', {})).text,
    ...machine.sandbox.controls.audit().map(({ path }) => path),
    ...(await written(machine.home.dir)),
  ];
  // That the log and the events were looked at.
  expect(said.join()).toContain('password kept');
  expect(said.join()).toContain('"kind":"password"');
  for (const text of said)
    for (const known of [planted, 'hunter2', Buffer.from(planted).toString('base64')])
      expect(text.includes(known), `${known} is in ${text.slice(0, 100)}`).toBe(false);
});

/** Every file below a folder but sockets. */
async function written(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'profiles.yaml');
  return Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')));
}
