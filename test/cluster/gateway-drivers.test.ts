import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  hasJava,
  hasPython,
  installJdbc,
  installPythonDrivers,
  runJdbcClient,
  runPythonClient,
} from '../support/database-drivers.ts';
import type { Login } from '../support/debian-postgres.ts';
import { GuardedDatabase } from '../support/guarded-database.ts';
import { describeOnRealcluster } from '../support/suite.ts';

/** Drivers of other languages, with the tunnel's own password: through the daemon to a real server in a pod. */
describeOnRealcluster('gateway drivers', (suite) => {
  let guarded: GuardedDatabase;
  let as: Login;

  beforeAll(async () => {
    guarded = await GuardedDatabase.create(suite);
    as = await guarded.login();
  });
  afterAll(async () => {
    await guarded?.[Symbol.asyncDispose]();
  });

  describe.skipIf(!hasPython)('of Python', () => {
    beforeAll(installPythonDrivers);

    test.each([
      [
        'psycopg',
        [
          'prepared statements',
          'a large value',
          'a pipeline',
          'an error in a pipeline',
          'COPY both ways',
          'a cursor of the server',
          'a notification',
          'a cancel',
          'ten at once',
        ],
      ],
      [
        'psycopg2',
        ['a large value', 'COPY both ways', 'a cursor of the server', 'a notification', 'a cancel'],
      ],
      [
        'asyncpg',
        [
          'prepared statements',
          'a large value',
          'COPY both ways',
          'a cursor of the server',
          'a notification',
          'a cancel',
          'a pool',
        ],
      ],
    ])('%s', async (driver, seen) => {
      expect(await runPythonClient(driver, as)).toEqual(seen);
    });
  });

  describe.skipIf(!hasJava)('of Java', () => {
    beforeAll(installJdbc);

    test('pgjdbc', async () => {
      expect(await runJdbcClient(as)).toEqual([
        'prepared statements',
        'a batch',
        'a result in parts',
        'COPY both ways',
        'a notification',
        'a cancel',
      ]);
    });
  });
});
