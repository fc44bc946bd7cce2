import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { useProfileFolder } from '../../test/support/profile-folder.ts';

const home = useProfileFolder();
const { sallyport, text } = home;
const kubeconfig = `apiVersion: v1
kind: Config
current-context: prod
contexts: [{name: prod, context: {cluster: prod, user: me, namespace: shop}}]
clusters: [{name: prod, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: me, user: {}}]
`;

describe('profile add', () => {
  it('writes what was said, with a schema beside the file for editors', async () => {
    const argv = [
      'svc/redis',
      '16379:6379',
      '-n',
      'shop',
      '--context',
      'prod',
      '--environment',
      'production',
      '--on-demand',
    ];
    expect(await sallyport(['profile', 'add', 'cache', ...argv])).toMatchObject({ code: 0 });
    expect(await text()).toBe(`# yaml-language-server: $schema=./profiles.schema.json
version: 1
profiles:
  cache:
    cluster:
      context: prod
    namespace: shop
    target: svc/redis
    port: 6379
    local: 16379
    kind: redis
    policy:
      environment: production
    onDemand: true
`);
    const schema = JSON.parse(await readFile(join(dirname(home.userFile), 'profiles.schema.json'), 'utf8'));
    expect(schema.properties).toHaveProperty('profiles');
  });

  it('takes cluster and namespace from the kubeconfig where they are not said', async () => {
    await writeFile(join(home.dir, 'kubeconfig'), kubeconfig);
    const env = { KUBECONFIG: join(home.dir, 'kubeconfig') };
    expect(await sallyport(['profile', 'add', 'web', 'svc/web', 'http'], { env })).toMatchObject({ code: 0 });
    expect(await text()).toMatch(/context: prod\n {4}namespace: shop\n/);
  });

  it.each([
    [['x', 'nonsense/y', '1', '--context', 'c', '-n', 'd'], 'SP-PROFILE-INVALID'],
    [['Upper', 'svc/y', '1', '--context', 'c', '-n', 'd'], 'SP-PROFILE-INVALID'],
    [['x', 'svc/y', '99999', '--context', 'c', '-n', 'd'], 'SP-USAGE'],
  ])('refuses %o with a sentence, and writes nothing', async (argv, code) => {
    const { code: exitCode, stderr } = await sallyport(['profile', 'add', ...argv]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(code);
    await expect(text()).rejects.toThrow('ENOENT');
  });

  it.each([
    ['auto', 'secret: auto\n'],
    ['secret:orders-app/password', 'secret:\n          name: orders-app\n          key: password\n'],
    ['configmap:orders/url', 'configMap:\n          name: orders\n          key: url\n'],
    ['env:ORDERS_PW', 'environment: ORDERS_PW\n'],
  ])('says where the password is: %s', async (where, written) => {
    const argv = ['svc/pg', '5432', '--context', 'c', '-n', 'd', '--password', where];
    expect(await sallyport(['profile', 'add', 'db', ...argv])).toMatchObject({ code: 0 });
    expect(await text()).toContain(`    connection:\n      password:\n        ${written}`);
  });

  it('never repeats a password that was given in the place of its source', async () => {
    const argv = ['svc/y', '1', '--context', 'c', '-n', 'd', '--password', 'hunter2'];
    const { code, stdout, stderr } = await sallyport(['profile', 'add', 'x', ...argv, '--json']);
    expect(code).toBe(2);
    expect(stderr).toContain('never the password itself');
    expect(stdout + stderr).not.toContain('hunter2');
  });

  it('adds to the project where it is asked to', async () => {
    const argv = ['svc/web', '80', '--server', 'https://api.example.com', '-n', 'shop', '--project'];
    expect(await sallyport(['profile', 'add', 'web', ...argv])).toMatchObject({ code: 0 });
    expect(await readFile(join(home.dir, 'sallyport.yaml'), 'utf8')).toContain(
      'server: https://api.example.com',
    );
    await expect(text()).rejects.toThrow('ENOENT');
  });
});

it('a policy is written and changed by options, and what they do not name stays', async () => {
  const add = ['profile', 'add', 'web', 'svc/web', '8080:80', '-n', 'shop', '--context', 'prod'];
  const policy = [
    '--time-limit',
    '8h',
    '--max-connections',
    '5',
    '--confirm',
    '--require-reason',
    '^OPS-[0-9]+$',
  ];
  expect(await sallyport([...add, ...policy])).toMatchObject({ code: 0 });
  const edit = ['profile', 'edit', 'web', '--idle-limit', '30m', '--no-confirm'];
  expect(await sallyport(edit)).toMatchObject({ code: 0 });
  const written = (await text()).slice((await text()).indexOf('    policy:'));
  expect(written.split('\n').map((line) => line.trim())).toEqual([
    'policy:',
    'reason:',
    'pattern: ^OPS-[0-9]+$',
    'confirm: false',
    'timeLimit: 8h',
    'maxConnections: 5',
    'idleLimit: 30m',
    '',
  ]);
  expect(await sallyport(['profile', 'edit', 'web', '--time-limit', 'long'])).toMatchObject({ code: 2 });
});

describe('profile edit', () => {
  const own = `version: 1
profiles:
  # by hand
  db:
    cluster: { context: prod }
    namespace: data
    target: sts/postgres/0
    port: 5432 # the primary
`;

  it('changes what the options say, and keeps comments', async () => {
    await writeFile(home.userFile, own);
    await sallyport([
      'profile',
      'edit',
      'db',
      '--local',
      '15432',
      '-k',
      'postgres',
      '-d',
      'orders',
      '-t',
      'sts/postgres/1',
    ]);
    expect(await text()).toBe(
      `${own.replace('postgres/0', 'postgres/1')}    kind: postgres\n    connection:\n      database: orders\n    local: 15432\n`,
    );
  });

  it('opens the editor at its line, and checks what was written', async () => {
    await writeFile(home.userFile, own.replace('5432', 'true'));
    const env = { EDITOR: 'nvim -R' };
    const refused = await sallyport(['profile', 'edit', 'db'], { isTerminal: true, env });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`${home.userFile}:8:11`);
    await writeFile(home.userFile, own);
    const { ran, code, stdout } = await sallyport(['profile', 'edit', 'db'], { isTerminal: true, env });
    expect(ran).toMatchObject([{ words: ['nvim', '-R', '+4', home.userFile] }]);
    expect([code, stdout]).toEqual([0, '1 profile in 1 file, nothing is wrong\n']);
  });

  it('wants options where there is no terminal', async () => {
    await writeFile(home.userFile, own);
    const { code, ran } = await sallyport(['profile', 'edit', 'db']);
    expect([code, ran]).toEqual([2, []]);
  });

  it("changes of a shared profile what is the user's to change, in the user's file", async () => {
    const folder = join(home.dir, 'team');
    await mkdir(folder);
    await writeFile(join(folder, 'shared.yaml'), own);
    await writeFile(home.userFile, `version: 1\nsources:\n  team: { folder: ${folder} }\n`);
    expect(await sallyport(['profile', 'edit', 'team/db', '--local', '25432'])).toMatchObject({ code: 0 });
    expect(await text()).toContain('overrides:\n  team:\n    db:\n      port: 25432\n');
    expect(await readFile(join(folder, 'shared.yaml'), 'utf8')).toBe(own);
    const { code, stderr } = await sallyport(['profile', 'edit', 'team/db', '--database', 'x']);
    expect(code).toBe(2);
    expect(stderr).toContain('only its local port, context and --off can be changed here');
    expect((await sallyport(['profile', 'remove', 'team/db'])).stderr).toContain(
      'profile edit team/db --off',
    );
  });
});

describe('profile validate', () => {
  it('says file, line and column as compilers do', async () => {
    await writeFile(join(home.dir, 'ci.yaml'), 'version: 1\nprofiles:\n  db: { namespase: x }\n');
    const { code, stdout } = await sallyport(['profile', 'validate', 'ci.yaml']);
    expect(code).toBe(2);
    expect(stdout).toMatch(new RegExp(`^${join(home.dir, 'ci.yaml')}:3:\\d+: error: .*namespace`, 'm'));
    expect(stdout).toMatch(/\n0 profiles in 1 file, \d errors?\n$/);
  });

  it('says of a file that is not there that it is not', async () => {
    const { code, stdout } = await sallyport(['profile', 'validate', 'absent.yaml']);
    expect([code, stdout]).toEqual([
      2,
      expect.stringContaining('absent.yaml:1:1: error: there is no such file'),
    ]);
  });
});

describe('profile import', () => {
  const kftray = JSON.stringify([
    {
      service: 'pg',
      namespace: 'data',
      local_port: 15432,
      remote_port: 5432,
      context: 'prod',
      workload_type: 'service',
      alias: 'db',
    },
    {
      service: 'dns',
      namespace: 'data',
      local_port: 53,
      remote_port: 53,
      context: 'prod',
      workload_type: 'service',
      protocol: 'udp',
    },
  ]);

  it('writes what it can, lists what it cannot, and takes no name or port twice', async () => {
    const first = await sallyport(['profile', 'import', '-'], { stdin: kftray });
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(
      /db +postgres +data\/service\/pg:5432 +:15432\n[\s\S]*Not carried over:\n {2}dns: it is UDP/,
    );
    const second = await sallyport(['profile', 'import'], { stdin: kftray });
    expect(second.stdout).toMatch(/db-2 [\s\S]*local port 15432 of db-2: it is that of another profile/);
    expect(await text()).toMatch(/ {2}db:\n[\s\S]* {2}db-2:\n/);
  });

  it('writes nothing in a dry run', async () => {
    const { stdout } = await sallyport(['profile', 'import', '-', '--dry-run'], { stdin: kftray });
    expect(stdout).toContain('Nothing was written');
    await expect(text()).rejects.toThrow('ENOENT');
  });

  it('takes a kubectl line as the shell passed it on', async () => {
    const line = ['kubectl', '--context', 'a b', 'port-forward', '-n', 'data', 'svc/pg', '15432:5432'];
    expect((await sallyport(['profile', 'import', '--', ...line])).code).toBe(0);
    expect(await text()).toContain('context: a b\n');
  });

  it.each([[['profile', 'import', 'absent.json']], [['profile', 'import', '-']]])(
    '%o ends with a sentence',
    async (argv) => {
      const { code, stderr } = await sallyport(argv, { stdin: '{"a":1}' });
      expect([code, stderr]).toEqual([2, expect.stringContaining('SP-IMPORT')]);
    },
  );
});

it('url reads a profile from a file without any daemon', async () => {
  const file =
    'version: 1\nprofiles:\n  db: {cluster: {context: p}, namespace: d, target: svc/pg, port: 1, local: 15432, kind: postgres}\n';
  await writeFile(join(home.dir, 'p.yaml'), file);
  const control = new FakeControl();
  const { code, stdout } = await sallyport(['url', 'db', '--file', 'p.yaml', '-f', 'jdbc'], { control });
  expect([code, stdout, control.calls]).toEqual([0, 'jdbc:postgresql://127.0.0.1:15432/\n', []]);
  expect((await sallyport(['url', 'bd', '--file', 'p.yaml'])).stderr).toContain('did you mean db?');
});

it('a profile that does not say its kind is what it would be if it was added, in a file and with a daemon', async () => {
  const where = '{cluster: {context: p}, namespace: d, target: svc/orders, port: 5432, local: 15432';
  const file = `version: 1\nprofiles:\n  db: ${where}, policy: {readOnly: true}}\n  raw: ${where.replace('15432', '1')}, kind: tcp}\n`;
  await writeFile(home.userFile, file);
  expect((await sallyport(['profile', 'validate'])).stdout).toContain('nothing is wrong');
  const words = ['url', 'db', '--file', home.userFile, '-f', 'psql'];
  expect((await sallyport(words)).stdout).toContain("psql 'host=127.0.0.1 port=15432");
  expect((await sallyport(['url', 'raw', '--file', home.userFile, '-f', 'psql'])).code).toBe(2);
  // What is agreed to and written back is what its author wrote.
  await sallyport(['profile', 'edit', 'db', '--database', 'orders']);
  expect(await text()).not.toContain('kind: postgres');
});

describe('profile source', () => {
  const source = (...words: string[]) => sallyport(['profile', 'source', ...words]);

  it.each([
    ['https://example.com/t.git', [], 'git: https://example.com/t.git'],
    ['git@example.com:team/t', ['--branch', 'main', '--every', '1h'], 'git: git@example.com:team/t'],
    ['/srv/team.git', [], 'git: /srv/team.git'],
    ['/srv/team', ['--path', 'profiles'], 'git: /srv/team'],
    ['~/tunnels', [], 'folder: ~/tunnels'],
    ['.', [], 'folder: '],
  ])('add team %s %j', async (location, flags, line) => {
    const { code, stderr } = await source('add', 'team', location, ...flags);
    expect(code, stderr).toBe(0);
    expect(await text()).toContain(
      `sources:\n  team:\n    ${location === '.' ? `folder: ${home.dir}` : line}`,
    );
  });

  it('says how a repository is fetched', async () => {
    const { stdout } = await source('add', 'team', 'https://example.com/t.git');
    expect(stdout).toContain('sallyport profile pull team fetches it');
  });

  it.each([
    [['add', 'user', '/srv/team.git'], 'a source cannot be called user'],
    [['add', 'team', 'example.com/team'], "a repository's address begins with https://"],
    [['add', 'team', 'https://a/b', '--branch', 'x', '--tag', 'y'], 'sources.team'],
    [['remove', 'team'], 'there is no source team'],
  ])('%j is refused', async (words, message) => {
    const { code, stderr } = await source(...words);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });

  it('remove takes its tunnels down', async () => {
    const file =
      'version: 1\nprofiles:\n  web: {cluster: {context: p}, namespace: n, target: pod/w, port: 80}\n';
    await mkdir(join(home.dir, 'shared'));
    await writeFile(join(home.dir, 'shared', 'a.yaml'), file);
    await source('add', 'team', 'shared');
    await using control = new FakeControl({
      tunnels: [
        fakeTunnel({
          id: 'team/web',
          name: 'web',
          origin: { kind: 'profile', source: 'team', sourceKind: 'folder' },
          wanted: 'on',
        }),
        fakeTunnel({ wanted: 'on' }),
      ],
    });
    const removed = await sallyport(['profile', 'source', 'remove', 'team'], { control });
    expect(removed.code, removed.stderr).toBe(0);
    expect(control.calls).toContainEqual({
      operation: 'down',
      input: expect.objectContaining({ names: ['team/web'] }),
    });
    expect(removed.stdout).toMatch(/^Removed source team from .*; team\/web went down with it\n$/);
    expect(await text()).not.toContain('team');
  });
});

describe('profile group', () => {
  const add = (name: string, local: number) =>
    sallyport(['profile', 'add', name, 'svc/x', `${local}:80`, '-n', 'n', '--context', 'p']);
  const group = (...words: string[]) => sallyport(['profile', 'group', ...words]);

  it('is made, grows, shrinks and goes', async () => {
    for (const [index, name] of ['a', 'b'].entries()) await add(name, 18_080 + index);
    expect((await group('add', 'work', 'user/a')).stdout).toBe('Group work: a\n');
    expect((await group('add', 'work', 'a', 'b')).stdout).toBe('Group work: a, b\n');
    expect(await text()).toContain('groups:\n  work:\n    - a\n    - b\n');
    expect((await group('remove', 'work', 'a')).stdout).toBe('Group work: b\n');
    expect((await group('remove', 'work')).stdout).toMatch(/^Removed group work from /);
    expect(await text()).not.toContain('work');
  });

  it('takes only what there is', async () => {
    await add('orders-db', 18_080);
    const { code, stderr } = await group('add', 'work', 'orders-bd');
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean orders-db?');
    expect((await group('remove', 'work')).stderr).toContain('there is no group work');
  });

  it("of a project names the project's profiles", async () => {
    const words = ['profile', 'add', 'api', 'svc/api', '18080:80', '-n', 'n', '--context', 'p', '--project'];
    await sallyport(words);
    const { stdout } = await group('add', 'work', 'api', '--project', '--json');
    const file = join(home.dir, 'sallyport.yaml');
    expect(JSON.parse(stdout)).toEqual({ file, group: 'work', members: [`${file}/api`] });
    expect(await readFile(file, 'utf8')).toContain('  work:\n    - api\n');
  });
});
