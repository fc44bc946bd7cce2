import { afterAll, beforeAll, expect, test } from 'vitest';
import { psql, runProgram } from '../support/debian-postgres.ts';
import { GuardedDatabase, planted } from '../support/guarded-database.ts';
import { postgresLogin, postgresPodSpec } from '../support/manifests.ts';
import { PodFiles } from '../support/pod-files.ts';
import { describeOnRealcluster } from '../support/suite.ts';

/** A primary and its streaming replica in pods whose labels say nothing of that. */
describeOnRealcluster('gateway replica', (suite) => {
  const { namespace } = suite;
  let guarded: GuardedDatabase;
  let files: PodFiles;

  beforeAll(async () => {
    guarded = await GuardedDatabase.create(suite);
    files = await PodFiles.create();
    const data = files.path('data');
    const as = await guarded.login();
    await runProgram('pg_basebackup', as, ['-D', data, '-X', 'stream', '-c', 'fast', '-R']);
    await files.handOver('data');
    const primary = await suite.controls.podAddress(namespace, 'database-0');
    const upstream = `host=${primary?.address} port=5432 user=${postgresLogin.user} password=${planted}`;
    const settings = { data_directory: data, primary_conninfo: upstream };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await suite.api.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'replica', namespace, labels: { app: 'replica' } },
      spec: postgresPodSpec(undefined, args),
    });
    await suite.api.readyPod({ namespace, name: 'replica' });
    await guarded.add({
      reports: { target: 'pod/replica' },
      'reports-only': { target: 'pod/replica', connection: { serverRole: 'replica' } },
      'writes-only': { target: 'pod/replica', connection: { serverRole: 'primary' } },
      'primary-only': { connection: { serverRole: 'primary' } },
    });
  });
  afterAll(async () => {
    await guarded?.[Symbol.asyncDispose]();
    await suite.api.delete({ kind: 'Pod', namespace, name: 'replica' });
    await files?.[Symbol.asyncDispose]();
  });

  const ask = async (profile: string, sql: string) => psql(await guarded.login(profile), sql);

  const roleOf = async (name: string) => {
    const { tunnels } = await guarded.typist.json('status');
    const state = tunnels.find((tunnel) => tunnel.name === name)?.state;
    return state?.kind === 'ready' ? state.pod.role : state?.kind;
  };

  test('status shows the role that the server reports at a login', async () => {
    expect(await roleOf('orders-db')).toBe('primary');
    expect(await roleOf('reports')).toBeUndefined();
    await ask('orders-db', 'create table orders (n int)');
    await ask('orders-db', 'insert into orders values (42)');
    while ((await ask('reports', "select to_regclass('orders')")) !== 'orders');
    while ((await ask('reports', 'select n from orders')) !== '42');
    expect(await roleOf('reports')).toBe('replica');
    expect(await guarded.typist.ok('status')).toMatch(/reports .* replica /);
  });

  test('a profile for one role refuses a server of the other', async () => {
    expect(await ask('reports-only', 'select pg_is_in_recovery()')).toBe('t');
    expect(await ask('primary-only', 'select pg_is_in_recovery()')).toBe('f');
    await expect(ask('writes-only', 'select 1')).rejects.toMatchObject({
      stderr: expect.stringContaining('replica is a replica, and this tunnel is for the primary'),
    });
  });

  test('of a target with several pods the one of the role is found', async () => {
    const target = 'app in (database,replica)';
    await guarded.add({
      'any-replica': { target, connection: { serverRole: 'replica' } },
      'any-primary': { target, connection: { serverRole: 'primary' } },
    });
    for (let client = 0; client < 3; client++) {
      expect(await ask('any-replica', 'select pg_is_in_recovery()')).toBe('t');
      expect(await ask('any-primary', 'select pg_is_in_recovery()')).toBe('f');
    }
    expect([await roleOf('any-replica'), await roleOf('any-primary')]).toEqual(['replica', 'primary']);
    // The tunnel turned to the replica meanwhile, as nothing else was ready.
    await suite.api.delete({ kind: 'Pod', namespace, name: 'database-0' });
    await suite.api.readyPod({ namespace, name: 'database-0' });
    expect(await ask('any-primary', 'select pg_is_in_recovery()')).toBe('f');
  });

  test('a replica that is promoted serves those who want the primary, and refuses those who want a replica', async () => {
    await ask('reports', 'select pg_promote()');
    expect(await ask('writes-only', 'insert into orders values (43) returning n')).toBe('43');
    await expect(ask('reports-only', 'select 1')).rejects.toMatchObject({
      stderr: expect.stringContaining('is a primary, and this tunnel is for the replica'),
    });
    expect(await roleOf('writes-only')).toBe('primary');
  });
});
