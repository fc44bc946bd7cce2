import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { psql, runProgram } from '../support/debian-postgres.ts';
import { GuardedDatabase, planted } from '../support/guarded-database.ts';
import { interruptStatement } from '../support/interrupted-statement.ts';
import { type KubeObject, postgresLogin } from '../support/manifests.ts';
import { pgbouncer, pgbouncerConfig, pgbouncerUsers } from '../support/pgbouncer.ts';
import { describeOnRealcluster } from '../support/suite.ts';

/** PgBouncer in a pod of its own before the database, as a chart has it. */
describeOnRealcluster('gateway pooler', (suite) => {
  const { namespace } = suite;
  let guarded: GuardedDatabase;

  describe.skipIf(!pgbouncer)('PgBouncer', () => {
    beforeAll(async () => {
      guarded = await GuardedDatabase.create(suite);
      await suite.api.apply(
        await pooler('session', 'pool_mode = session'),
        await pooler('transaction', `admin_users = ${postgresLogin.user}`),
        await pooler('narrow', 'default_pool_size = 1', 'query_wait_timeout = 1', 'max_client_conn = 2'),
      );
      for (const name of ['session', 'transaction', 'narrow']) {
        await suite.api.readyPod({ namespace, name });
        await guarded.add({ [name]: { target: `pod/${name}`, port: 6432 } });
      }
      await runProgram('pgbench', await guarded.login(), ['-i', '-q', '-s', '1']);
    });
    afterAll(async () => {
      await guarded?.[Symbol.asyncDispose]();
    });

    test.each(['session', 'transaction'])('%s mode: log in, work, cancel', async (mode) => {
      const as = await guarded.login(mode);
      expect(await psql(as, 'select current_user')).toBe(postgresLogin.user);
      const report = await runProgram('pgbench', as, ['-n', '-S', '-C', '-c', '4', '-t', '20']);
      expect(report).toContain('number of transactions actually processed: 80/80');
      const copied = await psql(
        as,
        '\\copy (select repeat($$x$$, 1000) from generate_series(1, 20000)) to stdout',
      );
      expect(copied).toHaveLength(20_000 * 1_001 - 1);
      expect(await interruptStatement(as, await guarded.login())).toEqual({
        code: 1,
        stderr: expect.stringContaining('canceling statement due to user request'),
      });
    });

    test('it is noticed, and its own console is reached', async () => {
      const notices = await Promise.all(
        ['orders-db', 'session', 'transaction'].map(async (name) => {
          await psql(await guarded.login(name), 'select 1');
          const { tunnel } = await guarded.typist.json('show', name);
          return tunnel.notices?.some((notice) => notice.includes('a pooler answers')) ?? false;
        }),
      );
      // By the keys that it makes up, of which one in a thousand looks like a process of the database.
      expect(notices[0]).toBe(false);
      expect(notices[1] || notices[2]).toBe(true);
      const console = { ...(await guarded.login('transaction')), database: 'pgbouncer' };
      expect(await psql(console, 'show version')).toMatch(/^PgBouncer \d/);
    });

    test.each(['session', 'transaction'])(
      '%s mode: read-only is refused, as it cannot be kept',
      async (mode) => {
        const name = `${mode}-read-only`;
        await guarded.add({ [name]: { target: `pod/${mode}`, port: 6432, policy: { readOnly: true } } });
        await expect(psql(await guarded.login(name), 'select 1')).rejects.toMatchObject({
          stderr: expect.stringContaining('a pooler stands before the database'),
        });
      },
    );

    test('the role is that of the server behind it', async () => {
      const at = { target: 'pod/transaction', port: 6432 };
      await guarded.add({
        'pooled-primary': { ...at, connection: { serverRole: 'primary' } },
        'pooled-replica': { ...at, connection: { serverRole: 'replica' } },
      });
      expect(await psql(await guarded.login('pooled-primary'), 'select pg_is_in_recovery()')).toBe('f');
      await expect(psql(await guarded.login('pooled-replica'), 'select 1')).rejects.toMatchObject({
        stderr: expect.stringContaining('transaction is a primary, and this tunnel is for the replica'),
      });
    });

    test('a full pooler is named as such, at the login and at a query', async () => {
      const { port, ...as } = await guarded.login('narrow');
      const clients = [1, 2].map(() => new Client({ host: '127.0.0.1', port, ...as }));
      for (const client of clients) {
        client.on('error', () => {});
        await client.connect();
      }
      const [holder, waiting] = clients as [Client, Client];
      await expect(psql({ port, ...as }, 'select 1')).rejects.toMatchObject({
        stderr: expect.stringMatching(/no free connection: no more connections allowed/),
      });
      await holder.query('begin');
      await expect(waiting.query('select 1')).rejects.toMatchObject({
        code: '53300',
        message: 'the database has no free connection: query_wait_timeout',
      });
      await holder.query('commit');
      await holder.end();
    });
  });

  async function pooler(name: string, ...more: readonly string[]): Promise<KubeObject> {
    const database = await suite.controls.podAddress(namespace, 'database-0');
    const config = pgbouncerConfig({
      address: '$POD_IP',
      port: 6432,
      server: { address: database!.address, port: 5432 },
      users: `users-${name}`,
      more,
    });
    const users = pgbouncerUsers({ user: postgresLogin.user, password: planted });
    const files = `cat > users-${name} <<end\n${users}end\ncat > ${name}.ini <<end\n${config}end\n`;
    const asNobody = process.getuid?.() === 0 ? '-u nobody' : '';
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'pgbouncer',
            image: 'pgbouncer:1',
            command: ['/bin/sh', '-c', `${files}exec ${pgbouncer} ${asNobody} ${name}.ini`],
            ports: [{ name: 'pgbouncer', containerPort: 6432 }],
            // No probe: it would be one of the connections that a pooler counts.
          },
        ],
      },
    };
  }
});
