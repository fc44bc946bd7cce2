import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CommandLineUser } from '../support/command-line-user.ts';
import { programEnv, programPath, psql, runProgram } from '../support/debian-postgres.ts';
import { databaseSecret, GuardedDatabase, planted } from '../support/guarded-database.ts';
import { postgresLogin } from '../support/manifests.ts';
import { describeOnRealcluster } from '../support/suite.ts';

/** The program that is shipped, and the daemon that it starts, as a developer who may forward and read one Secret. */
describeOnRealcluster('gateway of the daemon', (suite) => {
  const { namespace } = suite;
  let guarded: GuardedDatabase;
  let typist: CommandLineUser;
  let as: Awaited<ReturnType<GuardedDatabase['login']>>;

  beforeAll(async () => {
    guarded = await GuardedDatabase.create(suite);
    typist = guarded.typist;
    as = await guarded.login();
  });
  afterAll(async () => {
    await guarded?.[Symbol.asyncDispose]();
  });

  test("psql logs in with the string that is copied, and not with the database's own password", async () => {
    const url = (await typist.ok('url', 'orders-db')).trim();
    expect(url).not.toContain(planted);
    expect(
      await runProgram('psql', { ...as, password: '' }, ['-X', '-A', '-t', '-d', url, '-c', 'select 1']),
    ).toBe('1\n');
    await expect(psql({ ...as, password: planted }, 'select 1')).rejects.toMatchObject({
      stderr: expect.stringContaining('password authentication failed'),
    });
    expect(await typist.ok('psql', 'orders-db', '-X', '-A', '-t', '-w', '-c', 'select current_user')).toBe(
      `${postgresLogin.user}\n`,
    );
    const seen = await typist.ok('run', 'orders-db', '--', 'sh', '-c', 'echo $PGPASSWORD');
    expect(seen.trim()).toBe(as.password);
  });

  test('a password that is rotated in Secret and database during traffic fails nobody', async () => {
    let isOver = false;
    const failures: unknown[] = [];
    let served = 0;
    const traffic = (async () => {
      while (!isOver) {
        await psql(as, 'select 1').then(
          () => served++,
          (error) => failures.push(error),
        );
      }
    })();
    for (const next of ['second', 'third', planted]) {
      await suite.api.apply(databaseSecret(namespace, next));
      await psql(as, `alter role ${postgresLogin.user} password '${next}'`);
      const before = served + failures.length;
      while (served + failures.length < before + 3) await new Promise((resolve) => setImmediate(resolve));
    }
    isOver = true;
    await traffic;
    expect(failures).toEqual([]);
    expect(served).toBeGreaterThan(8);
  });

  test('a pod is deleted while psql idles: its next query fails with 57P01, the one after works on the new pod', async () => {
    // On a terminal, where psql connects again by itself.
    const command = `${programPath('psql')} -X -A -t -q -n -v VERBOSITY=verbose`;
    const child = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
      env: { ...programEnv(as), PAGER: 'cat' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let said = '';
    const hears = async (text: string) => {
      while (!said.includes(text)) {
        if (child.exitCode !== null) throw new Error(`psql has ended: ${said}`);
        await Promise.race([once(child.stdout, 'data'), exited]);
      }
    };
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    // What is typed is echoed: what is answered must be another text.
    const type = (word: string) => child.stdin.write(`select upper('${word}');\n`);
    type('first');
    await hears('FIRST');
    const before = await suite.api.readyPod({ namespace, name: 'database-0' });
    await suite.api.delete({ kind: 'Pod', namespace, name: 'database-0' });
    const after = await suite.api.readyPod({ namespace, name: 'database-0' });
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    type('second');
    await hears('Attempting reset');
    type('third');
    await hears('THIRD');
    child.stdin.end('\\q\n');
    await exited;
    expect(said).toMatch(/FATAL: +57P01: terminating connection/);
    expect(said).not.toContain('SECOND');
  });
});
