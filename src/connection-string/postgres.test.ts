import * as fc from 'fast-check';
import { parse } from 'pg-connection-string';
import { describe, expect, it, vi } from 'vitest';
import { type ConnectionFormat, formatsByKind } from '../contract/connection-format.ts';
import { connectionString } from './connection-string.ts';
import { anyNames, codes, orders, password, refusal, text, withNames } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';
import { readDbeaver, readJdbc, readNpgsql, readPgx, readSqlalchemy } from './readers.fixture.ts';

const plain: Endpoint = { ...orders, password: undefined };
const pooled: Endpoint = { ...plain, pooler: 'transaction' };
const verified: Endpoint = { ...plain, sslmode: 'verify-full', serverName: 'postgres.db.svc' };
const socket: Endpoint = {
  ...plain,
  local: { kind: 'unix', path: '/run/user/1000/sallyport/orders-db/.s.PGSQL.5432' },
};
const v6: Endpoint = { ...plain, local: { kind: 'tcp', host: '::1', port: 15432 } };

const folder = '/run/user/1000/sallyport/orders-db';
const folderEncoded = folder.replaceAll('/', '%2F');

/** What each format looks like: an ordinary endpoint, behind a pooler, verified, by a socket, by IPv6. `undefined` is refused. */
const examples: Record<
  string,
  Record<'plain' | 'pooled' | 'verified' | 'socket' | 'v6', string | undefined>
> = {
  psql: {
    plain: "psql 'host=127.0.0.1 port=15432 dbname=orders user=app'",
    pooled: "psql 'host=127.0.0.1 port=15432 dbname=orders user=app'",
    verified:
      "psql 'host=postgres.db.svc hostaddr=127.0.0.1 port=15432 dbname=orders user=app sslmode=verify-full'",
    socket: `psql 'host=${folder} port=5432 dbname=orders user=app'`,
    v6: "psql 'host=::1 port=15432 dbname=orders user=app'",
  },
  uri: {
    plain: 'postgresql://app@127.0.0.1:15432/orders',
    pooled: 'postgresql://app@127.0.0.1:15432/orders',
    verified: 'postgresql://app@postgres.db.svc:15432/orders?hostaddr=127.0.0.1&sslmode=verify-full',
    socket: `postgresql://app@/orders?host=${folderEncoded}&port=5432`,
    v6: 'postgresql://app@[::1]:15432/orders',
  },
  libpq: {
    plain: 'host=127.0.0.1 port=15432 dbname=orders user=app',
    pooled: 'host=127.0.0.1 port=15432 dbname=orders user=app',
    verified: 'host=postgres.db.svc hostaddr=127.0.0.1 port=15432 dbname=orders user=app sslmode=verify-full',
    socket: `host=${folder} port=5432 dbname=orders user=app`,
    v6: 'host=::1 port=15432 dbname=orders user=app',
  },
  jdbc: {
    plain: 'jdbc:postgresql://127.0.0.1:15432/orders?user=app',
    pooled: 'jdbc:postgresql://127.0.0.1:15432/orders?user=app&prepareThreshold=0',
    verified: 'jdbc:postgresql://postgres.db.svc:15432/orders?user=app&sslmode=verify-full',
    socket: undefined,
    v6: 'jdbc:postgresql://[::1]:15432/orders?user=app',
  },
  sqlalchemy: {
    plain: 'postgresql+psycopg://app@127.0.0.1:15432/orders',
    pooled: 'postgresql+psycopg://app@127.0.0.1:15432/orders',
    verified: 'postgresql+psycopg://app@postgres.db.svc:15432/orders?hostaddr=127.0.0.1&sslmode=verify-full',
    socket: `postgresql+psycopg://app@/orders?host=${folderEncoded}&port=5432`,
    v6: 'postgresql+psycopg://app@[::1]:15432/orders',
  },
  npgsql: {
    plain: 'Host=127.0.0.1;Port=15432;Database=orders;Username=app',
    pooled:
      'Host=127.0.0.1;Port=15432;Database=orders;Username=app;No Reset On Close=true;Max Auto Prepare=0',
    verified: 'Host=postgres.db.svc;Port=15432;Database=orders;Username=app;SSL Mode=VerifyFull',
    socket: `Host=${folder};Port=5432;Database=orders;Username=app`,
    v6: 'Host=::1;Port=15432;Database=orders;Username=app',
  },
  pgx: {
    plain: 'host=127.0.0.1 port=15432 dbname=orders user=app',
    pooled: 'host=127.0.0.1 port=15432 dbname=orders user=app default_query_exec_mode=exec',
    verified: 'host=postgres.db.svc port=15432 dbname=orders user=app sslmode=verify-full',
    socket: `host=${folder} port=5432 dbname=orders user=app`,
    v6: 'host=::1 port=15432 dbname=orders user=app',
  },
  prisma: {
    plain: 'DATABASE_URL="postgresql://app@127.0.0.1:15432/orders"',
    pooled: 'DATABASE_URL="postgresql://app@127.0.0.1:15432/orders?pgbouncer=true"',
    verified: 'DATABASE_URL="postgresql://app@postgres.db.svc:15432/orders?sslmode=require&sslaccept=strict"',
    // Prisma wants a host in the URL beside the folder in the query.
    socket: `DATABASE_URL="postgresql://app@localhost:5432/orders?host=${folderEncoded}"`,
    v6: 'DATABASE_URL="postgresql://app@[::1]:15432/orders"',
  },
  'pg-service': {
    plain: '[orders-db]\nhost=127.0.0.1\nport=15432\ndbname=orders\nuser=app',
    pooled: '[orders-db]\nhost=127.0.0.1\nport=15432\ndbname=orders\nuser=app',
    verified:
      '[orders-db]\nhost=postgres.db.svc\nhostaddr=127.0.0.1\nport=15432\ndbname=orders\nuser=app\nsslmode=verify-full',
    socket: `[orders-db]\nhost=${folder}\nport=5432\ndbname=orders\nuser=app`,
    v6: '[orders-db]\nhost=::1\nport=15432\ndbname=orders\nuser=app',
  },
  dbeaver: {
    plain:
      "dbeaver -con 'driver=postgresql|name=orders-db|host=127.0.0.1|port=15432|database=orders|user=app'",
    pooled:
      "dbeaver -con 'driver=postgresql|name=orders-db|host=127.0.0.1|port=15432|database=orders|user=app|prop.prepareThreshold=0'",
    verified:
      "dbeaver -con 'driver=postgresql|name=orders-db|host=postgres.db.svc|port=15432|database=orders|user=app|prop.sslmode=verify-full'",
    socket: undefined,
    v6: "dbeaver -con 'driver=postgresql|name=orders-db|host=::1|port=15432|database=orders|user=app'",
  },
  datagrip: {
    plain: dataSource('jdbc:postgresql://127.0.0.1:15432/orders'),
    pooled: dataSource('jdbc:postgresql://127.0.0.1:15432/orders?prepareThreshold=0'),
    verified: dataSource('jdbc:postgresql://postgres.db.svc:15432/orders?sslmode=verify-full'),
    socket: undefined,
    v6: dataSource('jdbc:postgresql://[::1]:15432/orders'),
  },
  env: {
    plain: [
      'export PGHOST=127.0.0.1',
      'export PGPORT=15432',
      'export PGDATABASE=orders',
      'export PGUSER=app',
      "export DATABASE_URL='postgresql://app@127.0.0.1:15432/orders'",
    ].join('\n'),
    pooled: [
      'export PGHOST=127.0.0.1',
      'export PGPORT=15432',
      'export PGDATABASE=orders',
      'export PGUSER=app',
      "export DATABASE_URL='postgresql://app@127.0.0.1:15432/orders'",
    ].join('\n'),
    verified: [
      'export PGHOST=postgres.db.svc',
      'export PGHOSTADDR=127.0.0.1',
      'export PGPORT=15432',
      'export PGDATABASE=orders',
      'export PGUSER=app',
      'export PGSSLMODE=verify-full',
      "export DATABASE_URL='postgresql://app@postgres.db.svc:15432/orders?sslmode=verify-full'",
    ].join('\n'),
    socket: [
      `export PGHOST=${folder}`,
      'export PGPORT=5432',
      'export PGDATABASE=orders',
      'export PGUSER=app',
      `export DATABASE_URL='postgresql://app@/orders?host=${folderEncoded}&port=5432'`,
    ].join('\n'),
    v6: [
      'export PGHOST=::1',
      'export PGPORT=15432',
      'export PGDATABASE=orders',
      'export PGUSER=app',
      "export DATABASE_URL='postgresql://app@[::1]:15432/orders'",
    ].join('\n'),
  },
};

function dataSource(url: string): string {
  const uuid = '3b59b53f-43c5-8f13-a820-121762934466';
  return `#DataSourceSettings#
#LocalDataSource: orders-db
#BEGIN#
<data-source source="LOCAL" name="orders-db" uuid="${uuid}"><driver-ref>postgresql</driver-ref><synchronize>true</synchronize><jdbc-driver>org.postgresql.Driver</jdbc-driver><jdbc-url>${url}</jdbc-url><secret-storage>master_key</secret-storage><user-name>app</user-name></data-source>
#END#`;
}

const endpoints = { plain, pooled, verified, socket, v6 };

describe.each(Object.entries(examples))('%s', (format, expected) => {
  it.each(Object.entries(expected))('%s', (which, text) => {
    const write = () =>
      connectionString(endpoints[which as keyof typeof endpoints], { format: format as ConnectionFormat });
    if (text === undefined) expect(refusal(write)).toMatch(/cannot say a unix socket/);
    else expect(write().text).toBe(text);
  });
});

it('has an example of every format', () => {
  expect(Object.keys(examples)).toEqual([...formatsByKind.postgres]);
});

describe('with the password', () => {
  it.each([
    ['psql', `PGPASSWORD='p@ss:w/o'\\''r"d %$\\' psql 'host=127.0.0.1 port=15432 dbname=orders user=app'`],
    ['uri', 'postgresql://app:p%40ss%3Aw%2Fo%27r%22d%20%25%24%5C@127.0.0.1:15432/orders'],
    ['libpq', `host=127.0.0.1 port=15432 dbname=orders user=app password='p@ss:w/o\\'r"d %$\\\\'`],
    ['jdbc', 'jdbc:postgresql://127.0.0.1:15432/orders?user=app&password=p%40ss%3Aw%2Fo%27r%22d%20%25%24%5C'],
    ['npgsql', `Host=127.0.0.1;Port=15432;Database=orders;Username=app;Password="p@ss:w/o'r""d %$\\"`],
    ['pg-service', `[orders-db]\nhost=127.0.0.1\nport=15432\ndbname=orders\nuser=app\npassword=${password}`],
  ] as const)('%s', (format, expected) => {
    expect(text(orders, format)).toBe(expected);
  });

  it('never gives it to DataGrip, and says so', () => {
    const written = connectionString(orders, { format: 'datagrip', withPassword: true });
    expect(written.text).toBe(text(plain, 'datagrip'));
    expect(written.secret).toBe(false);
    expect(written.warnings.map(({ code }) => code)).toContain('password-left-out');
  });
});

it('escapes a DataGrip data source for XML, white space included', () => {
  const source = text({ ...plain, user: ' <a> & "b"\n' }, 'datagrip');
  expect(source).toContain('<user-name>&#32;&lt;a&gt; &amp; &quot;b&quot;&#10;</user-name>');
});

/** What is said of programs that read a format differently. */
function readers(endpoint: Endpoint, format: ConnectionFormat): string[] {
  const { warnings } = connectionString(endpoint, { format });
  return warnings.filter(({ code }) => code === 'reader-differs').map(({ message }) => message);
}

describe('any name and password', () => {
  const reads = (
    format: ConnectionFormat,
    read: (text: string) => unknown,
    shape: (names: { database: string; user: string; password: string }) => object,
  ) =>
    fc.assert(
      fc.property(anyNames, (names) => {
        expect(read(text(withNames(orders, names), format))).toMatchObject(shape(names));
      }),
      { numRuns: 300 },
    );

  it('survives in a URI, as node-postgres reads it', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const endpoint = withNames(orders, names);
        const { user, password, database } = parse(text(endpoint, 'uri'));
        expect({ user, password }).toEqual({ user: names.user, password: names.password });
        const said = readers(endpoint, 'uri').some((message) => message.startsWith('node-postgres and'));
        expect(database === names.database).toBe(!said);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['.', '..'])('%s is a database that URLs lose', (database) => {
    expect(parse(text({ ...plain, database }, 'uri')).database).toBe(null);
    expect(codes({ ...plain, database }, 'uri')).toEqual(['reader-differs']);
    expect(refusal(() => text({ ...plain, database }, 'prisma'))).toBe(
      `Prisma cannot say the database "${database}"`,
    );
    expect(text({ ...plain, database }, 'jdbc')).toBe(
      `jdbc:postgresql://127.0.0.1:15432/${database}?user=app`,
    );
  });

  it('is the same undecoded in a URI, or it is said that postgres.js does not decode it', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const endpoint = withNames(orders, names);
        const [, undecoded] = /([^/]*)$/.exec(text(endpoint, 'uri')) ?? [];
        expect(readers(endpoint, 'uri').join()).toMatch(undecoded === names.database ? /^$/ : /postgres\.js/);
        expect(readers(endpoint, 'prisma').join()).toMatch(undecoded === names.database ? /^$/ : /engines/);
      }),
    );
  });

  it('survives in a URI by a socket, as node-postgres reads it', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const { user, password, host, port } = parse(text(withNames(socket, names), 'uri'));
        expect({ user, password, host, port }).toEqual({
          user: names.user,
          password: names.password,
          host: folder,
          port: '5432',
        });
      }),
    );
  });

  it('survives in .env without anything that dotenv would expand', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const line = text(withNames(orders, names), 'prisma');
        const value = /^DATABASE_URL="([^"$\\\s]*)"$/.exec(line)?.[1] ?? '';
        const url = new URL(value);
        expect(decodeURIComponent(url.username)).toBe(names.user);
        expect(decodeURIComponent(url.password)).toBe(names.password);
        expect(decodeURIComponent(url.pathname.slice(1))).toBe(names.database);
      }),
    );
  });

  it('survives in JDBC', () => reads('jdbc', readJdbc, (names) => names));
  it('survives in Npgsql', () =>
    reads('npgsql', readNpgsql, ({ user, ...names }) => ({ ...names, username: user })));
  it('survives in pgx', () =>
    reads('pgx', readPgx, ({ database, ...names }) => ({ ...names, dbname: database })));
  it('survives in SQLAlchemy', () =>
    reads('sqlalchemy', readSqlalchemy, ({ database, ...names }) => ({ ...names, dbname: database })));

  it('survives in DBeaver, or is refused', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const endpoint = withNames(orders, names);
        const fits = !Object.values(names).some((name) => name.includes('|') || name.includes('${'));
        if (!fits) expect(refusal(() => text(endpoint, 'dbeaver'))).toMatch(/a DBeaver command cannot say a/);
        else {
          const spec =
            /^dbeaver -con '(.*)'$/s.exec(text(endpoint, 'dbeaver'))?.[1]?.replaceAll("'\\''", "'") ?? '';
          expect(readDbeaver(spec)).toMatchObject({ ...names, savePassword: 'false' });
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('refuses', () => {
  const named = (names: Partial<Endpoint>) => ({ ...plain, ...names });
  it.each([
    [
      'a line break in pg_service.conf',
      named({ database: 'a\nb' }),
      'pg-service',
      'pg_service.conf cannot say a dbname with a line break',
    ],
    [
      'spaces around a value there',
      named({ user: 'app ' }),
      'pg-service',
      'a user that begins or ends with a space',
    ],
    [
      'control characters in XML',
      named({ user: 'a\u0001' }),
      'datagrip',
      'a DataGrip data source cannot say a user with control characters',
    ],
    ['"|" in DBeaver', named({ user: 'a|b' }), 'dbeaver', 'a DBeaver command cannot say a user with "|"'],
    [
      'a check of the chain alone in Prisma, whose strict checks the name too',
      named({ sslmode: 'verify-ca' }),
      'prisma',
      'Prisma cannot say sslmode=verify-ca',
    ],
    [
      'TLS on a socket',
      { ...socket, sslmode: 'require' },
      'uri',
      'PostgreSQL cannot say sslmode=require for a unix socket',
    ],
    [
      'a socket of another name',
      named({ local: { kind: 'unix', path: '/run/orders.sock' } }),
      'psql',
      'PostgreSQL cannot say the socket /run/orders.sock',
    ],
    [
      "a comma in a socket's folder",
      named({ local: { kind: 'unix', path: '/a,b/.s.PGSQL.1' } }),
      'psql',
      'PostgreSQL cannot say the folder /a,b',
    ],
  ] as const)('%s', (_, endpoint, format, message) => {
    expect(refusal(() => text(endpoint, format))).toContain(message);
  });

  it('without telling the password', () => {
    for (const secret of ['s3cret|\n', ' s3cret', `s3cret${'x'.repeat(2000)}`]) {
      for (const format of ['dbeaver', 'pg-service'] as const) {
        const endpoint = withNames(orders, { database: 'd', user: 'u', password: secret });
        try {
          text(endpoint, format);
        } catch (error) {
          expect(JSON.stringify(error)).not.toContain('s3cret');
          expect(String(error)).not.toContain('s3cret');
        }
      }
    }
  });
});

describe('warns', () => {
  it.each([
    ['psql', []],
    ['uri', ['hosts-entry']],
    ['libpq', []],
    ['sqlalchemy', []],
    ['env', ['hosts-entry']],
    ['pg-service', []],
    ['jdbc', ['hosts-entry']],
    ['npgsql', ['hosts-entry']],
    ['pgx', ['hosts-entry']],
    ['prisma', ['hosts-entry']],
    ['dbeaver', ['hosts-entry']],
    ['datagrip', ['hosts-entry']],
  ] as const)('of what %s needs to check a name', (format, expected) => {
    expect(codes(verified, format)).toEqual(expected);
    expect(codes({ ...verified, serverName: undefined }, format)).toEqual(['certificate-name']);
  });

  it('of a transaction pooler wherever the string alone is not enough', () => {
    const warned = formatsByKind.postgres.filter((format) =>
      codes(pooled, format).includes('transaction-pooler'),
    );
    expect(warned).toEqual(['uri', 'libpq', 'sqlalchemy', 'prisma', 'pg-service', 'env']);
  });

  it.each(['allow', 'prefer', 'require', 'verify-ca'] as const)(
    'that node-postgres takes sslmode=%s for verify-full',
    (sslmode) => {
      const uri = text({ ...plain, sslmode }, 'uri');
      const full = text({ ...plain, sslmode: 'verify-full' }, 'uri');
      const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      expect(parse(uri).ssl).toEqual(parse(full).ssl);
      warned.mockRestore();
      for (const format of ['uri', 'env'] as const) {
        expect(readers({ ...plain, sslmode }, format).join()).toContain(`sslmode=${sslmode}`);
      }
      if (sslmode !== 'verify-ca')
        expect(readers({ ...plain, sslmode }, 'prisma').join()).toContain('Prisma 7');
    },
  );

  it.each(['disable', 'verify-full'] as const)('of no reader for sslmode=%s', (sslmode) => {
    for (const format of ['uri', 'env', 'prisma'] as const) {
      expect(readers({ ...plain, sslmode }, format)).toEqual([]);
    }
  });

  it('that postgres.js takes no URI without a host', () => {
    expect(() => new URL(text(socket, 'uri'))).toThrow();
    expect(readers(socket, 'uri').join()).toContain('postgres.js');
  });

  it('what to take out of a URI for drivers that hand hostaddr to the server', () => {
    const [hosts] = connectionString(verified, { format: 'uri' }).warnings;
    expect(hosts?.message).toContain('take it out of the URI');
    expect(text(verified, 'env')).not.toMatch(/DATABASE_URL=.*hostaddr/);
  });

  it('of nothing where there is nothing', () => {
    for (const format of formatsByKind.postgres) expect(codes(plain, format), format).toEqual([]);
  });
});
