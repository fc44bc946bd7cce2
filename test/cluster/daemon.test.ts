import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkedEcho } from '../support/checked-echo.ts';
import { CommandLineUser, parsedOutput } from '../support/command-line-user.ts';
import { freePort } from '../support/free-port.ts';
import { Conversation, readLine } from '../support/line-client.ts';
import { Load } from '../support/load.ts';
import {
  netPorts,
  netStatefulSet,
  postgresLogin,
  postgresStatefulSet,
  service,
} from '../support/manifests.ts';
import { describeOnCluster } from '../support/suite.ts';

/** The daemon and its command line as a developer has them, from a profile to a query, on a real cluster with a real Postgres. */
describeOnCluster('daemon', (suite) => {
  const { namespace } = suite;
  let user: CommandLineUser;
  let context: string;
  const local = { orders: 0, reports: 0, echo: 0, identity: 0 };

  beforeAll(async () => {
    const config = new KubeConfig();
    config.loadFromFile(suite.kubeconfig);
    context = config.getCurrentContext();
    for (const name of ['orders', 'reports', 'echo', 'identity'] as const) local[name] = await freePort();
    user = await CommandLineUser.create({
      KUBECONFIG: suite.kubeconfig,
      ORDERS_PASSWORD: postgresLogin.password,
    });
    await suite.api.apply(
      postgresStatefulSet({ namespace, name: 'postgres' }),
      service({
        namespace,
        name: 'postgres',
        app: 'postgres',
        ports: [{ name: 'sql', port: 5432, targetPort: 'pg' }],
      }),
      netStatefulSet({ namespace, name: 'net' }),
    );
    await suite.api.readyPod({ namespace, name: 'postgres-0' });
    await suite.api.readyPod({ namespace, name: 'net-0' });
    const file = user.home.places.userFile;
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, handWritten(), { mode: 0o600 });
  });

  afterAll(() => user?.[Symbol.asyncDispose]());

  /** As somebody types it, comments and all. */
  const handWritten = () => `# my tunnels
version: 1
profiles:
  # the shop's orders
  orders-db:
    cluster: { context: ${context} }
    namespace: ${namespace}
    target: statefulset/postgres/0
    port: 5432
    local: ${local.orders}
    kind: postgres
    connection:
      database: ${postgresLogin.database}
      user: ${postgresLogin.user}
      password: { environment: ORDERS_PASSWORD }
  echo:
    cluster: { context: ${context} }
    namespace: ${namespace}
    target: statefulset/net/0
    port: ${netPorts.echo}
    local: ${local.echo}
  identity:
    cluster: { context: ${context} }
    namespace: ${namespace}
    target: statefulset/net/0
    port: identity
    local: ${local.identity}
`;

  /** What kftray's "export" writes: compact JSON, without what is at its default. */
  const kftrayExport = () =>
    JSON.stringify([
      {
        service: 'postgres',
        namespace,
        local_port: local.reports,
        remote_port: 5432,
        context,
        workload_type: 'service',
        protocol: 'tcp',
        local_address: '127.0.0.1',
        auto_loopback_address: false,
        alias: 'Reports DB',
        domain_enabled: true,
      },
      {
        namespace,
        local_port: 5353,
        remote_port: 53,
        context,
        workload_type: 'proxy',
        protocol: 'udp',
        remote_address: 'dns.example.com',
        auto_loopback_address: false,
        alias: 'dns',
      },
    ]);

  describe('a profile written by hand', () => {
    test('comes up by name', async () => {
      const { outcomes } = await user.json('up', 'orders-db');
      expect(outcomes[0]?.tunnel).toMatchObject({
        shown: 'ready',
        localPort: local.orders,
        state: { pod: { name: 'postgres-0' } },
      });
    });

    test('psql logs in by it, with the password from where the profile says', async () => {
      const said = await user.ok(
        'psql',
        'orders-db',
        '-X',
        '-A',
        '-t',
        '-c',
        'select current_user, current_database()',
      );
      expect(said.trim()).toBe(`${postgresLogin.user}|${postgresLogin.database}`);
    });

    test('run gives pgbench all that it needs', async () => {
      await user.ok('run', 'orders-db', '--', 'pgbench', '-i', '-q', '-s', '1');
      const said = await user.ok(
        'run',
        'orders-db',
        '--',
        'pgbench',
        '-n',
        '-S',
        '-c',
        '4',
        '-j',
        '2',
        '-t',
        '200',
      );
      expect(said).toContain('number of transactions actually processed: 800/800');
      expect(said).toContain('number of failed transactions: 0');
    });

    test('copy gives an IDE what JDBC takes, to the clipboard alone', async () => {
      const clipboard = join(user.home.dir, 'clipboard');
      await user.installProgram('xclip', `cat > ${clipboard}`);
      user.env.DISPLAY = ':0';
      const copied = await user.json('copy', 'orders-db', '--format', 'jdbc');
      expect(copied).toMatchObject({ tunnel: 'orders-db', format: 'jdbc', copiedWith: 'xclip' });
      const url = new URL((await readFile(clipboard, 'utf8')).replace(/^jdbc:/, ''));
      expect([url.protocol, url.host, url.pathname]).toEqual([
        'postgresql:',
        `127.0.0.1:${local.orders}`,
        `/${postgresLogin.database}`,
      ]);
      expect(url.searchParams.get('user')).toBe(postgresLogin.user);
    });
  });

  test('a profile of a kftray export comes up by its name, and what has no place is listed', async () => {
    const file = join(user.cwd, 'kftray.json');
    await writeFile(file, kftrayExport());
    const { profiles, notCarried } = await user.json('profile import', file);
    expect(profiles.map(({ name }) => name)).toEqual(['reports-db']);
    expect(notCarried.map(({ what }) => what)).toEqual(['the domain Reports DB', 'dns']);
    expect(await readFile(user.home.places.userFile, 'utf8')).toContain("  # the shop's orders\n");

    const { outcomes } = await user.json('up', 'reports-db');
    expect(outcomes[0]?.tunnel).toMatchObject({ shown: 'ready', kind: 'postgres', localPort: local.reports });
    // An export says nothing of databases and users: psql's own ways of giving them are left to it.
    user.env.PGPASSWORD = postgresLogin.password;
    const login = ['-U', postgresLogin.user, '-d', postgresLogin.database];
    const said = await user.ok('psql', 'reports-db', '-X', '-A', '-t', ...login, '-c', 'select 6 * 7');
    expect(said.trim()).toBe('42');
  });

  test('status --watch tells of the new pod by its UID, before it serves and when it does', async () => {
    await user.ok('up', 'identity');
    await using watching = user.start('status', 'identity', '--watch', '--json');
    const first = parsedOutput('status --watch', (await watching.first(() => true)).text);
    expect(first.event).toBe('tunnels');
    const before = await suite.api.readyPod({ namespace, name: 'net-0' });
    await suite.api.delete({ kind: 'Pod', namespace, name: 'net-0' });
    const after = await suite.api.readyPod({ namespace, name: 'net-0', replacing: before.metadata.uid });
    const { uid } = after.metadata;
    const told = async (accept: (line: string) => boolean) => {
      const { text } = await watching.first((line) => line.includes(uid) && accept(line));
      return parsedOutput('status --watch', text);
    };
    const tunnel = (shown: string) => ({ event: 'tunnel', tunnel: { shown, state: { pod: { uid } } } });
    expect(await told(() => true)).toMatchObject(tunnel('waiting'));
    expect(await told((line) => line.includes('"shown":"ready"'))).toMatchObject(tunnel('ready'));
  });

  test('kill -9 during traffic: what was wanted is back on its ports with the next daemon, nothing else is', async () => {
    await user.ok('up', 'echo', 'identity', 'orders-db');
    await user.ok('down', 'reports-db');
    const echoes = new Load(4, async () => {
      const { outcome } = await checkedEcho(local.echo, 256 * 1024);
      if (outcome === 'cut') throw new Error('the daemon is gone');
    });
    using conversation = new Conversation(local.echo);
    await conversation.echo('open');
    await echoes.more(8);
    process.kill(await user.daemonPid(), 'SIGKILL');
    await conversation.closed;
    await echoes.finish();
    // The kernel closes what the dead process had one by one: for a moment a port may still take, and reset.
    await expect.poll(() => readLine(local.identity).catch(String)).toContain('ECONNREFUSED');

    const { tunnels } = await user.json('status');
    expect(tunnels.map(({ name, localPort }) => [name, localPort]).toSorted()).toEqual([
      ['echo', local.echo],
      ['identity', local.identity],
      ['orders-db', local.orders],
    ]);
    expect((await readLine(local.identity)).text).toMatch(/^net-0 /);
    expect(await checkedEcho(local.echo, 256 * 1024)).toMatchObject({ outcome: 'whole' });
    await expect(readLine(local.reports)).rejects.toThrow('ECONNREFUSED');
  });

  test("a project's profile opens nothing before its user agreed, nor again once it has changed", async () => {
    const project = join(user.cwd, 'sallyport.yaml');
    const port = await freePort();
    const rest = `cluster: { context: ${context} }, namespace: ${namespace}, target: statefulset/net/0, local: ${port}`;
    await writeFile(project, `version: 1\nprofiles:\n  theirs: { ${rest}, port: identity }\n`);

    const refused = await user.run('up', 'theirs', '--json');
    expect(refused.code).toBe(5);
    expect(JSON.parse(refused.stdout).outcomes).toMatchObject([{ error: { code: 'SP-PROFILE-UNTRUSTED' } }]);
    await expect(readLine(port)).rejects.toThrow('ECONNREFUSED');

    await user.ok('profile', 'trust', 'theirs', '--yes');
    await user.ok('up', 'theirs');
    expect((await readLine(port)).text).toMatch(/^net-0 /);
    await user.ok('down', 'theirs');

    // A comment is no change of what it does.
    await appendFile(project, '  # reviewed\n');
    await user.ok('up', 'theirs');
    await user.ok('down', 'theirs');
    await writeFile(project, `version: 1\nprofiles:\n  theirs: { ${rest}, port: banner }\n`);
    const changed = await user.run('up', 'theirs', '--json');
    expect(changed.code).toBe(5);
    expect(JSON.parse(changed.stdout).outcomes).toMatchObject([
      { error: { code: 'SP-PROFILE-UNTRUSTED', details: { changed: true } } },
    ]);
    await expect(readLine(port)).rejects.toThrow('ECONNREFUSED');
  });
});
