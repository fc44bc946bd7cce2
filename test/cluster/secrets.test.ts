import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandLineUser } from '../support/command-line-user.ts';
import { credentialLayouts } from '../support/credential-layouts.ts';
import { type Login, psql, runProgram } from '../support/debian-postgres.ts';
import { freePort } from '../support/free-port.ts';
import { type KubeObject, postgresLogin } from '../support/manifests.ts';
import { allSecretsRole, portForwardRole } from '../support/rbac.ts';
import { describeOnRealcluster } from '../support/suite.ts';

const user = 'dev@example.com';

/** The program that is shipped and the daemon that it starts, beside Postgres servers whose Secrets are laid out as operators lay them out. */
describeOnRealcluster('secrets', (suite) => {
  const { namespace } = suite;
  const ports = new Map<string, number>();
  let typist: CommandLineUser;

  const object = (kind: 'Secret' | 'ConfigMap', name: string, stringData: object): KubeObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace },
    ...(kind === 'Secret' ? { stringData } : { data: stringData }),
  });
  const secret = (name: string, data: object) => object('Secret', name, data);
  const manyHosts = 'postgresql://app:of-cnpg@orders-1:5432,orders-2:5432/orders?sslmode=disable';
  const others = {
    url: { secret: { name: 'by-url', key: 'uri' } },
    jdbc: { configMap: { name: 'by-jdbc', key: 'url' } },
    json: { secret: { name: 'by-json', key: 'value' } },
    dual: { secret: { name: 'by-json', key: 'value' } },
  };

  beforeAll(async () => {
    await suite.api.apply(
      ...credentialLayouts.flatMap(({ objects }) => objects(namespace)),
      secret('by-url', { uri: manyHosts }),
      object('ConfigMap', 'by-jdbc', { url: 'jdbc:postgresql://orders/orders?user=app&password=of-cnpg' }),
      secret('by-json', { value: '{"username":"app","password":"of-cnpg","dbname":"orders"}' }),
      ...portForwardRole({ namespace, name: 'forward', user }),
    );
    for (const { name } of credentialLayouts) await suite.api.readyPod({ namespace, name: `${name}-0` });
    typist = await CommandLineUser.create({ KUBECONFIG: suite.realcluster.developer });
    const profile = async (name: string, target: string, password: object, rest: object = {}) => {
      ports.set(name, await freePort());
      return {
        cluster: { server: suite.realcluster.server },
        namespace,
        target: `statefulset/${target}/0`,
        port: 5432,
        local: ports.get(name),
        kind: 'postgres',
        connection: { password },
        ...rest,
      };
    };
    const profiles: Record<string, object> = {};
    for (const { name } of credentialLayouts) profiles[name] = await profile(name, name, { secret: 'auto' });
    for (const [name, password] of Object.entries(others))
      profiles[name] = await profile(name, 'cnpg', password);
    const forbids = { policy: { superuser: 'forbid' } };
    profiles.forbids = await profile('forbids', 'stackgres', { secret: 'auto' }, forbids);
    await typist.home.writeProfiles({ profiles });
  });
  afterAll(async () => {
    await typist?.[Symbol.asyncDispose]();
  });

  const login = async (name: string, as: string): Promise<Login> => ({
    port: ports.get(name)!,
    user: as,
    database: postgresLogin.database,
    password: (await typist.ok('password', name, '--local')).trim(),
  });

  describe('without the right to read Secrets', () => {
    test('the one that is missing is said, and the Role to ask for names it', async () => {
      await typist.ok('up', 'cnpg');
      const { code, stderr } = await typist.run('password', 'cnpg', '--local');
      expect({ code, stderr }).toMatchObject({ code: 5 });
      expect(stderr).toContain(`${user} may not get secrets in namespace ${namespace}`);
      expect(stderr).toContain('resourceNames: ["orders-app"], verbs: ["get"]');
      const checked = await typist.run('check', 'cnpg');
      expect(checked).toMatchObject({ code: 5 });
      expect(checked.stdout).toContain('may not get secrets orders-app');
      const role = (await typist.run('check', 'cnpg', '--rbac')).stdout;
      expect(role).toMatch(/resources: \["secrets"\]\n +resourceNames: \["orders-app"\]\n +verbs: \["get"\]/);
      await typist.ok('down', 'cnpg');
    });

    test('a role that only a list of Secrets tells takes that right, or its name', async () => {
      const { stderr } = await typist.run('password', 'zalando', '--local');
      expect(stderr).toContain(`${user} may not list secrets in namespace ${namespace}`);
      expect(stderr).toContain('connection.user');
      const role = (await typist.run('check', 'zalando', '--rbac')).stdout;
      expect(role).toMatch(/resources: \["secrets"\]\n +verbs: \["list"\]/);
    });
  });

  describe('with it', () => {
    beforeAll(() => suite.api.apply(...allSecretsRole({ namespace, name: 'secrets', user })));

    test.each(credentialLayouts)(
      'psql logs in where $name keeps credentials',
      async ({ name, user, superuser }) => {
        const checked = await typist.ok('check', name);
        expect(checked).toMatch(/password: Secret \S+, key \S+ \(/);
        expect(checked.includes('a superuser: name')).toBe(superuser);
        await typist.ok('up', name);
        const options = ['-X', '-A', '-t', '-w', '-d', postgresLogin.database, '-c', 'select current_user'];
        expect(await typist.ok('psql', name, ...options)).toBe(`${user}\n`);
      },
    );

    test.each(Object.keys(others))('psql logs in by a whole text: %s', async (name) => {
      await typist.ok('up', name);
      expect(await typist.ok('psql', name, '-X', '-A', '-t', '-w', '-c', 'select current_user')).toBe(
        'app\n',
      );
    });

    test("a superuser's is not taken where the policy forbids it, and warned of where it does not", async () => {
      const { code, stderr } = await typist.run('password', 'forbids', '--local');
      expect({ code, stderr }).toMatchObject({ code: 7 });
      expect(stderr).toContain('but those of a superuser, which the policy forbids');
      expect(await typist.ok('show', 'stackgres')).toContain('the role postgres is a superuser');
    });

    test('a password that is rotated, in the database first, fails nobody', async () => {
      await typist.ok('up', 'cnpg');
      const as = await login('cnpg', 'app');
      const data = { username: 'app', user: 'app', dbname: 'orders' };
      const rotated = async (password: string) => {
        const before = await readings();
        await psql(as, `alter role app password '${password}'`);
        // The Secret follows when it has been read in vain twice already, as a store that is synchronized follows.
        let isOver = false;
        const answer = psql(as, 'select 1').finally(() => {
          isOver = true;
        });
        while (!isOver && (await readings()) < before + 2) await setImmediate();
        await suite.api.apply(secret('orders-app', { ...data, password }));
        expect(await answer).toBe('1');
      };
      const rotations = async () => {
        for (const password of ['second', 'third', 'of-cnpg']) await rotated(password);
      };
      const bench = ['-n', '-C', '-c', '2', '-T', '6', '-f', await script()];
      const [figures] = await Promise.all([runProgram('pgbench', as, bench), rotations()]);
      expect(figures).toContain('number of failed transactions: 0 (0.000%)');
    });

    test('two users that take turns: the new one is tried first, then the one before', async () => {
      await typist.ok('up', 'cnpg', 'dual');
      const admin = await login('cnpg', 'app');
      const as = { ...(await login('dual', 'app')), user: 'anybody' };
      const written = (username: string, password: string) =>
        suite.api.apply(
          secret('by-json', { value: JSON.stringify({ username, password, dbname: 'orders' }) }),
        );
      const who = () => psql(as, 'select current_user');
      await psql(
        admin,
        "create role app_a login password 'a'",
        "create role app_b login password 'b'",
        'alter role app_b nologin',
      );
      await written('app_a', 'a');
      await typist.ok('restart', 'dual');
      expect(await who()).toBe('app_a');
      await written('app_b', 'b');
      expect(await who()).toBe('app_a');
      await psql(admin, 'alter role app_b login', "alter role app_a password 'changed'");
      expect(await who()).toBe('app_b');
      await psql(admin, "alter role app_a password 'a'", "alter role app_b password 'changed'");
      expect(await who()).toBe('app_a');
    });
  });

  /** How often the daemon has read the Secret of `cnpg`. */
  async function readings(): Promise<number> {
    const entries = await readdir(typist.home.dir, { recursive: true, withFileTypes: true });
    const logs = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.log'));
    const texts = await Promise.all(
      logs.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
    );
    return texts.join().match(/"event":"password read".*"name":"orders-app"/g)?.length ?? 0;
  }

  async function script(): Promise<string> {
    const path = `${typist.home.dir}/one.sql`;
    await writeFile(path, 'select 1;\n');
    return path;
  }
});
