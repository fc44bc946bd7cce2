import { beforeAll, describe, expect, test } from 'vitest';
import { postgresStatefulSet, service } from '../support/manifests.ts';
import { query, runPostgres } from '../support/postgres-programs.ts';
import { carriers, describeOnCluster } from '../support/suite.ts';

const targets = [
  ['pod', 'pod/database-0', ':5432'],
  ['StatefulSet', 'sts/database', ':5432'],
  ['Service', 'svc/orders-db', ':15432'],
] as const;

describeOnCluster('postgres', (suite) => {
  beforeAll(async () => {
    const { namespace } = suite;
    await suite.api.apply(
      postgresStatefulSet({ namespace, name: 'database' }),
      service({
        namespace,
        name: 'orders-db',
        app: 'database',
        ports: [{ name: 'sql', port: 15432, targetPort: 'pg' }],
      }),
    );
    await suite.api.readyPod({ namespace, name: 'database-0' });
    await using forward = suite.forward({ target: 'pod/database-0', ports: [':5432'], carrier: 'spdy' });
    await runPostgres('pgbench', await forward.port(), ['-i', '-q', '-s', '1']);
  });

  describe.each(carriers)('over %s', (carrier) => {
    describe.each(targets)('%s', (_, target, port) => {
      test('psql', async () => {
        await using forward = suite.forward({ target, ports: [port], carrier });
        expect(await query(await forward.port(), 'select count(*) from pgbench_accounts')).toBe('100000');
      });

      test('pgbench -C, a connection for each transaction', async () => {
        await using forward = suite.forward({ target, ports: [port], carrier });
        const args = ['-C', '-n', '-S', '-c', '4', '-j', '2', '-t', '25'];
        const report = await runPostgres('pgbench', await forward.port(), args);
        expect(report).toContain('number of transactions actually processed: 100/100');
        expect(report).toContain('number of failed transactions: 0');
      });

      test('pg_dump', async () => {
        await using forward = suite.forward({ target, ports: [port], carrier });
        const dump = await runPostgres('pg_dump', await forward.port(), ['-t', 'pgbench_accounts']);
        expect(dump.match(/^\d+\t1\t/gm)).toHaveLength(100_000);
        expect(dump).toContain('-- PostgreSQL database dump complete');
      });
    });
  });
});
