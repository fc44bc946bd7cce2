import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LogFolder, manyOpened } from '../../src/audit/audit.fixture.ts';
import { AppError } from '../../src/base/app-error.ts';
import { createProgram } from '../../src/cli/program.ts';
import {
  commandOutputs,
  errorOutputSchema,
  type PrintingCommand,
} from '../../src/contract/command-output.ts';
import type { ProfileSnapshot } from '../../src/contract/profile-snapshot.ts';
import { FakeCli } from '../support/fake-cli.ts';
import { FakeControl, fakePod, fakeTunnel } from '../support/fake-control.ts';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-output-'));
  for (const name of ['CONFIG', 'DATA', 'STATE', 'CACHE']) vi.stubEnv(`XDG_${name}_HOME`, join(dir, name));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

const profile = {
  cluster: { context: 'prod' },
  namespace: 'data',
  target: 'statefulset/postgres/0',
  port: 5432,
  local: 15432,
  kind: 'postgres' as const,
  connection: { database: 'orders', user: 'app' },
};

const snapshot: ProfileSnapshot = {
  sequence: 1,
  sources: [
    { key: 'user', kind: 'user', location: '/u/profiles.yaml', state: 'read' },
    {
      key: 'team',
      kind: 'git',
      location: 'https://git.example.com/t',
      state: 'read',
      commit: '0123456789',
      pending: {
        commit: 'abcdef0123',
        changes: [{ name: 'a', changes: [{ path: 'port', before: '1', after: '2' }] }],
        problems: [],
      },
    },
  ],
  profiles: [
    {
      id: 'user/orders-db',
      name: 'orders-db',
      source: 'user',
      sourceKind: 'user',
      file: '/u/profiles.yaml',
      line: 3,
      profile,
      written: profile,
      trust: { kind: 'own' },
      hash: 'h',
    },
  ],
  refused: [{ id: 'user/bad', file: '/u/profiles.yaml' }],
  groups: [{ name: 'shop', source: 'user', members: ['user/orders-db'] }],
  problems: [],
};

const resolved = {
  name: 'orders-db',
  context: 'prod',
  server: 'https://127.0.0.1:6443',
  namespace: 'data',
  target: 'statefulset/postgres/0',
  port: 5432,
  resolution: { kind: 'pod', pod: fakePod, port: 5432, serving: true },
} as const;

function fakeDaemon(): FakeControl {
  const version = { version: '1.0.0', protocol: 1, pid: 7, startedAtMs: 1 };
  return new FakeControl({
    tunnels: [fakeTunnel(), fakeTunnel({ name: 'web', kind: 'http' })],
    profiles: snapshot,
  })
    .on('pods', async () => resolved)
    .on('check', async () => ({
      resolved,
      access: {
        user: 'dev@example.com',
        groups: [],
        namespace: 'data',
        allowed: [],
        missing: [],
        degraded: [],
        next: '',
      },
      leastRole: 'kind: Role\n',
    }))
    .on('objects', async () => ({
      context: 'prod',
      server: 'https://127.0.0.1:6443',
      namespace: 'data',
      cluster: { server: 'https://127.0.0.1:6443' },
      objects: [
        {
          kind: 'Service',
          namespace: 'data',
          name: 'orders',
          ports: [
            { port: 5432, protocol: 'TCP', kind: 'postgres' },
            { port: 53, protocol: 'UDP' },
          ],
          images: [],
        },
      ],
      complete: true,
      refused: [],
    }))
    .on('login', async () => ({ user: 'dev@example.com', context: 'prod', output: '' }))
    .on('keepPassword', async () => ({ kind: 'kept', kept: { in: 'memory', why: 'no keychain' } }))
    .on('localAuthority', async () => ({
      certificate: '-----BEGIN CERTIFICATE-----\n',
      file: '/d/local-ca.crt',
      fingerprint256: 'AA:BB',
      validUntilMs: 1,
      kept: { in: 'keychain' },
    }))
    .on('ui', async () => ({ url: 'http://127.0.0.1:1/?token=t', expiresAtMs: 1 }))
    .on('version', async () => version)
    .on('shutdown', async () => ({ pid: 7 }))
    .on('acceptSource', async () => snapshot)
    .on('trust', async () => snapshot)
    .on('daemon', async () => ({
      ...version,
      residentBytes: 1,
      tunnelsUp: 1,
      clusters: [],
      subscribers: 0,
      socket: '/s',
      log: '/l',
      folders: { config: '/', data: '/', cache: '/', log: '/' },
    }));
}

const add = [
  'profile',
  'add',
  'orders-db',
  'sts/postgres/0',
  '15432:5432',
  '-n',
  'data',
  '--context',
  'prod',
  '--json',
];

interface Run {
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** Command lines that have to be run before. */
  readonly before?: readonly (readonly string[])[];
  /** Changes the daemon, or the folder. */
  readonly given?: (control: FakeControl) => void | Promise<void>;
}

/** Every command that prints, or this does not compile. */
const runs: Record<Exclude<PrintingCommand, 'status --watch' | 'logs --follow' | 'audit follow'>, Run> = {
  up: { argv: ['up', 'orders-db', 'nobody'] },
  down: { argv: ['down', 'orders-db'] },
  restart: { argv: ['restart', 'orders-db'] },
  pause: { argv: ['pause'] },
  resume: { argv: ['resume', 'orders-db'] },
  status: { argv: ['status', '--all'] },
  list: { argv: ['list'] },
  show: { argv: ['show', 'orders-db'] },
  logs: { argv: ['logs', 'orders-db'] },
  url: { argv: ['url', 'orders-db', '--format', 'jdbc'] },
  copy: { argv: ['copy', 'orders-db'] },
  open: { argv: ['open', 'web'] },
  password: { argv: ['password', 'orders-db'], stdin: 's3cret\n' },
  pods: { argv: ['pods', 'orders-db'] },
  check: { argv: ['check', '--target', 'svc/a', '--port', 'http'] },
  login: { argv: ['login', 'orders-db'] },
  ui: { argv: ['ui'] },
  version: { argv: ['version'] },
  'daemon status': { argv: ['daemon', 'status'] },
  'daemon stop': { argv: ['daemon', 'stop'], given: endsWhenAsked },
  'daemon restart': { argv: ['daemon', 'restart'], given: restartsWhenAsked },
  'daemon install': { argv: ['daemon', 'install'], given: installs },
  'daemon uninstall': { argv: ['daemon', 'uninstall'], given: installs },
  'daemon ca': { argv: ['daemon', 'ca'] },
  'audit list': { argv: ['audit', 'list'], given: recorded },
  'audit show': { argv: ['audit', 'show', '3'], given: recorded },
  'audit verify': { argv: ['audit', 'verify'], given: recorded },
  'profile add': { argv: add.slice(0, -1) },
  'profile edit': { argv: ['profile', 'edit', 'orders-db', '--local', '15433'], before: [add] },
  'profile remove': { argv: ['profile', 'remove', 'orders-db'], before: [add] },
  'profile validate': { argv: ['profile', 'validate'], before: [add] },
  'profile import': {
    argv: ['profile', 'import', 'line.txt', '--namespace', 'data'],
    given: () => writeFile(join(dir, 'line.txt'), 'kubectl --context prod port-forward svc/web 8080:80'),
  },
  'profile source add': { argv: ['profile', 'source', 'add', 'team', 'https://example.com/t.git'] },
  'profile source remove': {
    argv: ['profile', 'source', 'remove', 'team'],
    before: [['profile', 'source', 'add', 'team', 'https://example.com/t.git']],
  },
  'profile source list': { argv: ['profile', 'source', 'list'] },
  'profile group add': { argv: ['profile', 'group', 'add', 'work', 'orders-db'], before: [add] },
  'profile group remove': {
    argv: ['profile', 'group', 'remove', 'work'],
    before: [add, ['profile', 'group', 'add', 'work', 'orders-db']],
  },
  'profile trust': { argv: ['profile', 'trust', 'orders-db'] },
  'profile pull': { argv: ['profile', 'pull', '--yes'] },
};

/** What a daemon of before has left. */
async function recorded(): Promise<void> {
  await new LogFolder(join(dir, 'DATA', 'sallyport', 'audit', 'daemon')).write(manyOpened(3));
}

function endsWhenAsked(control: FakeControl): void {
  control.on('shutdown', async () => {
    control.on('version', async () => {
      throw new AppError('SP-DAEMON-NOT-RUNNING');
    });
    return { pid: 7 };
  });
}

function restartsWhenAsked(control: FakeControl): void {
  control.on('shutdown', async () => {
    control.on('version', async () => ({ version: '2.0.0', protocol: 1, pid: 8, startedAtMs: 2 }));
    return { pid: 7 };
  });
}

/** A platform that installs whatever it is given. */
async function installs(control: FakeControl): Promise<void> {
  endsWhenAsked(control);
  await writeFile(join(dir, 'systemctl'), '#!/bin/sh\n', { mode: 0o755 });
  vi.stubEnv('PATH', `${dir}:${process.env.PATH}`);
}

/** What they print is another program's, or is made for a shell or an editor. */
const withoutJson = [
  'audit',
  'audit export',
  'completion',
  'daemon',
  'demo',
  'profile',
  'profile group',
  'profile schema',
  'profile source',
  'psql',
  'run',
  // The daemon's, for nobody else.
  'sandbox-process',
];
/** Its events are a contract of their own. */
const withEvents = 'forward';

/** By the words that name them; each is defined only in a program that was asked for it. */
async function allCommands(
  cli: FakeCli,
  words: readonly string[] = [],
): Promise<[name: string, command: Command][]> {
  let command: Command = await createProgram(cli, words);
  for (const word of words) command = command.commands.find((each) => each.name() === word) ?? command;
  const found: [string, Command][] = words.length > 0 ? [[words.join(' '), command]] : [];
  for (const each of command.commands) found.push(...(await allCommands(cli, [...words, each.name()])));
  return found;
}

/** One event a line, of a command that prints one document otherwise. */
function isStream(name: string): boolean {
  return name === 'status --watch' || name === 'logs --follow' || name === 'audit follow';
}

test('every command of the program has --json and a contract for it, or is known to have none', async () => {
  using cli = new FakeCli();
  const all = await allCommands(cli);
  const [withFlag, without] = [true, false].map((wanted) =>
    all
      .filter(([, { options }]) => options.some(({ long }) => long === '--json') === wanted)
      .map(([name]) => name)
      .toSorted(),
  );
  const contracts = Object.keys(commandOutputs).filter((name) => !isStream(name) || name === 'audit follow');
  expect(withFlag).toEqual([...contracts, withEvents].toSorted());
  expect(without).toEqual(withoutJson);
});

describe('--json is what the contract says', () => {
  test.each(Object.keys(runs) as (keyof typeof runs)[])('%s', async (name) => {
    const { argv, stdin = '', before = [], given } = runs[name];
    await using control = fakeDaemon();
    await given?.(control);
    for (const words of before) {
      using earlier = new FakeCli({ control, cwd: dir });
      expect(await earlier.run(...words), earlier.stderr.text).toBe(0);
    }
    using cli = new FakeCli({ control, cwd: dir, stdin, env: { XDG_CONFIG_HOME: join(dir, 'CONFIG') } });
    await cli.run(...argv, '--json');
    // Strict: a field that the contract does not name is one that scripts cannot rely on.
    const schema = commandOutputs[name];
    const printed = cli.json();
    expect(schema.parse(printed), cli.stderr.text).toEqual(printed);
  });

  test('status --watch prints one event a line', async () => {
    await using control = fakeDaemon();
    using cli = new FakeCli({ control });
    const running = cli.run('status', '--watch', '--all', '--json');
    await cli.said(/"tunnels"/);
    control.tell(fakeTunnel({ description: 'changed' }));
    control.lose();
    control.restore();
    await cli.said(/daemon-lost[\s\S]*"tunnels"/);
    cli.signal();
    expect(await running).toBe(0);
    const events = cli.stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const parsed = events.map((event) => commandOutputs['status --watch'].parse(event));
    expect(parsed).toEqual(events);
    expect(parsed.map(({ event }) => event)).toEqual(['tunnels', 'tunnel', 'daemon-lost', 'tunnels']);
  });

  test('logs --follow prints one line each', async () => {
    const line = {
      sequence: 1,
      atMs: 1,
      level: 'info',
      event: 'tunnel state',
      fields: { pod: fakePod },
    } as const;
    await using control = fakeDaemon();
    control.on('logs', async () => ({ lines: [line] }));
    using cli = new FakeCli({ control });
    const running = cli.run('logs', 'orders-db', '--follow', '--json');
    await cli.said(/\n/);
    cli.signal();
    expect(await running).toBe(0);
    const [printed] = cli.stdout.text.split('\n');
    expect(commandOutputs['logs --follow'].parse(JSON.parse(printed!))).toEqual(line);
  });

  test('profile import --pick prints what an import does', async () => {
    await using control = fakeDaemon();
    using cli = new FakeCli({ control, cwd: dir });
    await cli.run('profile', 'import', '--pick', 'svc/orders', '--json');
    const printed = cli.json();
    const parsed = commandOutputs['profile import'].parse(printed);
    expect(parsed, cli.stderr.text).toEqual(printed);
    expect(parsed.profiles.map(({ name }) => name)).toEqual(['orders']);
  });

  test('profile schema prints a JSON Schema', async () => {
    using cli = new FakeCli();
    await cli.run('profile', 'schema');
    expect(cli.json()).toMatchObject({ $schema: expect.stringContaining('json-schema.org') });
  });

  test('a command that fails prints the error, and exits with its code', async () => {
    await using control = fakeDaemon();
    using cli = new FakeCli({ control });
    expect(await cli.run('show', 'nobody', '--json')).toBe(2);
    expect(errorOutputSchema.parse(cli.json()).error).toMatchObject({
      code: 'SP-TUNNEL-UNKNOWN',
      exitCode: 2,
    });
  });
});

test('every command of the list is in the table of docs/commands.md', async () => {
  const { commandList } = await import('../../src/cli/command-list.ts');
  const documented = await readFile(new URL('../../docs/commands.md', import.meta.url), 'utf8');
  for (const { name } of commandList) expect(documented).toMatch(new RegExp(`^\\| \`${name}[ \`]`, 'm'));
  for (const name of Object.keys(commandOutputs)) expect(documented).toContain(`\`${name}`);
});
