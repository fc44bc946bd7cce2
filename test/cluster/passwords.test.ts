import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../support/command.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { postgresLogin, postgresStatefulSet } from '../support/manifests.ts';
import { postgresPrograms } from '../support/postgres-programs.ts';
import { portForwardRole, secretRole } from '../support/rbac.ts';
import { describeOnRealcluster } from '../support/suite.ts';

const user = 'dev@example.com';
const psql = [postgresPrograms ? join(postgresPrograms, 'psql') : 'psql', '-X', '-A', '-t', '-w'];

/** The program that is shipped and the daemon that it starts, as a developer who may forward; the Postgres asks for its password. */
describeOnRealcluster('passwords', (suite) => {
  const { namespace } = suite;
  const planted = `planted-${randomBytes(9).toString('hex')}`;
  let home: DaemonHome;

  beforeAll(async () => {
    const secretKeyRef = { name: 'orders-app', key: 'password' };
    await suite.api.apply(
      secret('orders-app', { password: planted, username: postgresLogin.user }),
      secret('stale', { password: 'yesterdays' }),
      postgresStatefulSet({ namespace, name: 'database' }, { valueFrom: { secretKeyRef } }),
      ...portForwardRole({ namespace, name: 'forward', user }),
    );
    await suite.api.readyPod({ namespace, name: 'database-0' });
    home = await DaemonHome.create({ KUBECONFIG: suite.realcluster.developer });
    const profile = (name: string, key: string) => ({
      cluster: { server: suite.realcluster.server },
      namespace,
      target: 'statefulset/database/0',
      port: 5432,
      kind: 'postgres',
      // What the database takes is given to programs here.
      policy: { gateway: false },
      connection: { database: postgresLogin.database, password: { secret: { name, key } } },
    });
    const stale = profile('stale', 'password');
    await home.writeProfiles({
      profiles: {
        'orders-db': profile('orders-app', 'password'),
        'wrong-key': profile('orders-app', 'pasword'),
        stale: { ...stale, connection: { ...stale.connection, user: postgresLogin.user } },
      },
    });
  });
  afterAll(async () => {
    await sallyport('daemon', 'stop');
    await home[Symbol.asyncDispose]();
  });

  const secret = (name: string, stringData: object) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData,
  });
  const sallyport = (...args: string[]) => command(args, { env: home.processEnv });
  const mayRead = (name: string) => suite.api.apply(...secretRole({ namespace, name, user }, name));

  test('a Secret that its user may not read is said with the rule that is missing', async () => {
    const { code, stderr } = await sallyport('run', 'orders-db', '--', ...psql, '-c', 'select 1');
    expect(stderr).toContain(`${user} may not get secrets in namespace ${namespace}`);
    expect(stderr).toContain('resourceNames: ["orders-app"], verbs: ["get"]');
    expect(code).toBe(5);
  });

  test("the password of a Secret logs psql in, and is in nobody's arguments and in no file", async () => {
    await mayRead('orders-app');
    const { code, stdout, stderr } = await sallyport(
      'run',
      'orders-db',
      '--',
      ...psql,
      '-c',
      'select current_user',
    );
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `${postgresLogin.user}\n`, stderr: '' });
    const url = await sallyport('url', 'orders-db', '--with-password');
    expect(url.stdout).toContain(`postgresql://${postgresLogin.user}:${planted}@`);

    const look = 'test -n "$PGPASSWORD" && cat /proc/[0-9]*/cmdline 2>/dev/null; true';
    const seen = await sallyport('run', 'orders-db', '--', 'sh', '-c', look);
    expect(seen.stdout).toContain('sallyport.js');
    expect(seen.stdout.includes(planted)).toBe(false);
    const entries = await readdir(home.dir, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    const texts = await Promise.all(
      files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
    );
    expect(texts.join()).toContain('"event":"password read"');
    expect(texts.join().includes(planted)).toBe(false);
  });

  test('a password that is not that of the database is refused by it', async () => {
    await mayRead('stale');
    const { code, stderr } = await sallyport('psql', 'stale', '-w', '-c', 'select 1');
    expect(stderr).toContain('password authentication failed');
    expect(code).toBe(2);
  });

  test('a key that is not there is said with those there are', async () => {
    const { code, stderr } = await sallyport('run', 'wrong-key', '--', 'true');
    expect(stderr).toContain('the Secret orders-app has nothing under the key pasword');
    expect(stderr).toContain('keys there are: password, username');
    expect(code).toBe(7);
  });
});
