import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionFormat } from '../contract/connection-format.ts';
import { connectionString } from './connection-string.ts';
import { anyNames, type Names, orders, refusal, text, withNames } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';
import { StartupServer } from './startup-server.fixture.ts';

const run = promisify(execFile);
const program = 'psql';
const hasPsql = spawnSync(program, ['--version']).status === 0;

/** The real libpq, by way of psql and a shell, tells a server what it understood. */
describe.skipIf(!hasPsql)('libpq', () => {
  let server: StartupServer;
  let folder: string;

  beforeAll(async () => {
    server = await StartupServer.listen();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-libpq-'));
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  function endpoint(names: Names): Endpoint {
    return withNames({ ...orders, local: { kind: 'tcp', host: '127.0.0.1', port: server.port } }, names);
  }

  /** Runs lines of sh and returns what the server was told by them. */
  async function told(lines: string, environment: Record<string, string> = {}) {
    server.startups.length = 0;
    const env = {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      PGPASSFILE: join(folder, 'none'),
      ...environment,
    };
    await run('sh', ['-c', lines], { env, timeout: 10_000 }).then(
      () => expect.unreachable('the server turns everybody down'),
      (error: { stderr: string }) => expect(error.stderr).toContain('as planned'),
    );
    const [startup] = server.startups;
    return {
      database: startup?.parameters.database,
      user: startup?.parameters.user,
      password: startup?.password,
    };
  }

  const quoted = (value: string) => `'${value.replaceAll("'", `'"'"'`)}'`;
  const lines: Partial<Record<ConnectionFormat, (written: string) => string>> = {
    psql: (written) => `${written} -w`,
    uri: (written) => `psql -w ${quoted(written)}`,
    libpq: (written) => `psql -w ${quoted(written)}`,
    env: (written) => `${written}\nexec psql -w`,
  };

  it.each(Object.entries(lines))('reads any name back from %s', async (format, line) => {
    await fc.assert(
      fc.asyncProperty(anyNames, async (names) => {
        expect(await told(line(text(endpoint(names), format as ConnectionFormat)))).toEqual(names);
      }),
      { numRuns: 25 },
    );
  });

  it('reads DATABASE_URL as the other variables', async () => {
    const names = { database: "a b'/?#", user: 'ü@:', password: '%2F$x' };
    expect(await told(`${text(endpoint(names), 'env')}\nexec psql -w "$DATABASE_URL"`)).toEqual(names);
  });

  it('reads back from pg_service.conf whatever is not refused', async () => {
    const file = join(folder, 'pg_service.conf');
    let written = 0;
    await fc.assert(
      fc.asyncProperty(anyNames, async (names) => {
        let entry: string;
        try {
          entry = connectionString(endpoint(names), { format: 'pg-service', withPassword: true }).text;
        } catch (error) {
          expect(
            refusal(() => {
              throw error;
            }),
          ).toContain('pg_service.conf cannot say');
          return;
        }
        written++;
        await writeFile(file, `[other]\nhost=127.0.0.2\n${entry}\n`);
        expect(await told('psql -w service=orders-db', { PGSERVICEFILE: file })).toEqual(names);
      }),
      { numRuns: 60 },
    );
    expect(written).toBeGreaterThan(5);
  });

  it('reads the longest line that is not refused', async () => {
    const file = join(folder, 'pg_service.conf');
    const names = { database: 'orders', user: 'app', password: 'x'.repeat(1021 - 'password='.length) };
    await writeFile(file, `${text(endpoint(names), 'pg-service')}\n`);
    expect(await told('psql -w service=orders-db', { PGSERVICEFILE: file })).toEqual(names);
    expect(
      refusal(() => text(endpoint({ ...names, password: `${names.password}x` }), 'pg-service')),
    ).toContain('longer than a line may be');
  });

  it('dials hostaddr, whatever the name in the certificate', async () => {
    const names = { database: 'orders', user: 'app', password: 'x' };
    const verified = { ...endpoint(names), sslmode: 'verify-full', serverName: 'postgres.db.svc' } as const;
    // The server speaks no TLS: what is to be seen is that the name was not looked up and the address dialled.
    const dialling = (['psql', 'uri', 'libpq', 'env'] as const).map(
      (format) => [format, lines[format]?.(text(verified, format)) ?? ''] as const,
    );
    // libpq adds PGHOSTADDR to a URI without one.
    const url = ['DATABASE_URL', `${text(verified, 'env')}\nexec psql -w "$DATABASE_URL"`] as const;
    for (const [format, line] of [...dialling, url]) {
      const env = { PATH: process.env.PATH ?? '', HOME: folder, PGSSLROOTCERT: '/dev/null' };
      const error = await run('sh', ['-c', line], { env, timeout: 10_000 }).catch((error: Error) => error);
      expect(String(error), format).toMatch(/server does not support SSL|root certificate/);
      expect(String(error), format).not.toMatch(/could not translate host name/);
    }
  });
});
