import * as fc from 'fast-check';
import { createPool } from 'mysql2';
import { describe, expect, it, vi } from 'vitest';
import { connectionString } from './connection-string.ts';
import { anyNames, codes, orders, refusal, text, withNames } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';
import { readGoDsn, readJdbc } from './readers.fixture.ts';

const plain: Endpoint = { ...orders, kind: 'mysql', local: { kind: 'tcp', host: '127.0.0.1', port: 13306 } };
const verified: Endpoint = { ...plain, sslmode: 'verify-full', serverName: 'mysql.db.svc' };
const socket: Endpoint = { ...plain, local: { kind: 'unix', path: '/run/my sql.sock' } };
const v6: Endpoint = { ...plain, local: { kind: 'tcp', host: '::1', port: 13306 } };

/** mysql2 keeps its parser to itself, but what a pool is made of can be looked at. */
function readMysql2(uri: string): Record<string, unknown> {
  const pool = createPool(uri);
  pool.end();
  return (pool as unknown as { config: { connectionConfig: Record<string, unknown> } }).config
    .connectionConfig;
}

describe('mysql', () => {
  it.each([
    ['mysql', plain, 'mysql --protocol=TCP --host=127.0.0.1 --port=13306 --user=app --database=orders'],
    [
      'mysql',
      verified,
      'mysql --protocol=TCP --host=mysql.db.svc --port=13306 --user=app --database=orders --ssl-mode=VERIFY_IDENTITY',
    ],
    ['mysql', socket, "mysql --protocol=SOCKET '--socket=/run/my sql.sock' --user=app --database=orders"],
    ['uri', plain, 'mysql://app@127.0.0.1:13306/orders'],
    ['uri', verified, 'mysql://app@mysql.db.svc:13306/orders?ssl-mode=VERIFY_IDENTITY'],
    ['uri', socket, 'mysql://app@%2Frun%2Fmy%20sql.sock/orders'],
    ['uri', v6, 'mysql://app@[::1]:13306/orders'],
    ['jdbc', plain, 'jdbc:mysql://127.0.0.1:13306/orders?user=app'],
    ['jdbc', verified, 'jdbc:mysql://mysql.db.svc:13306/orders?user=app&sslMode=VERIFY_IDENTITY'],
    ['go', plain, 'app@tcp(127.0.0.1:13306)/orders'],
    ['go', { ...plain, sslmode: 'require' }, 'app@tcp(127.0.0.1:13306)/orders?tls=skip-verify'],
    ['go', socket, 'app@unix(/run/my sql.sock)/orders'],
    ['go', v6, 'app@tcp([::1]:13306)/orders'],
    [
      'env',
      plain,
      'export MYSQL_HOST=127.0.0.1\nexport MYSQL_PORT=13306\nexport MYSQL_TCP_PORT=13306\nexport MYSQL_DATABASE=orders\nexport MYSQL_USER=app\n' +
        "export DATABASE_URL='mysql://app@127.0.0.1:13306/orders'",
    ],
  ] as const)('%s of %o', (format, endpoint, expected) => {
    expect(text(endpoint, format, { withPassword: false })).toBe(expected);
  });

  it('gives the client its password by the environment', () => {
    const written = connectionString(withNames(plain, { database: 'd', user: 'u', password: "it's" }), {
      withPassword: true,
    });
    expect(written.text).toBe(
      "MYSQL_PWD='it'\\''s' mysql --protocol=TCP --host=127.0.0.1 --port=13306 --user=u --database=d",
    );
    expect(written.secret).toBe(true);
  });

  it('carries any name in a URI, as mysql2 reads it', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        expect(readMysql2(text(withNames(plain, names), 'uri'))).toMatchObject({
          ...names,
          host: '127.0.0.1',
          port: 13306,
        });
      }),
    );
  });

  it('carries any name in JDBC, or refuses a database that Connector/J would trim', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const endpoint = withNames(plain, names);
        // What String.trim() of Java takes off.
        const trimmed = names.database.replace(/^[\0- ]+|[\0- ]+$/g, '');
        if (trimmed === names.database) expect(readJdbc(text(endpoint, 'jdbc'))).toMatchObject(names);
        else expect(refusal(() => text(endpoint, 'jdbc'))).toContain('begins or ends with a blank');
      }),
      { numRuns: 300 },
    );
  });

  it.each([' a', 'a ', '\ta', 'a\u0001'])('refuses the database %j in JDBC', (database) => {
    expect(refusal(() => text({ ...plain, database }, 'jdbc'))).toContain('Connector/J cannot say');
  });

  it('says that mysql2 connects in clear text whatever ssl-mode a URI has', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const required: Endpoint = { ...plain, sslmode: 'require' };
    expect(readMysql2(text(required, 'uri')).ssl).toBe(false);
    expect(String(error.mock.calls)).toContain('ssl-mode');
    error.mockRestore();
    for (const format of ['uri', 'env'] as const) expect(codes(required, format)).toEqual(['reader-differs']);
    expect(codes({ ...plain, sslmode: 'disable' }, 'uri')).toEqual([]);
  });

  it("says that MariaDB's client has no --ssl-mode, wherever it is given", () => {
    for (const sslmode of ['disable', 'require'] as const) {
      expect(codes({ ...plain, sslmode }, 'mysql')).toEqual(['reader-differs']);
    }
  });

  it('carries any name in a Go DSN, or refuses it', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const endpoint = withNames(plain, names);
        if (names.user.includes(':')) {
          expect(refusal(() => text(endpoint, 'go'))).toBe('go-sql-driver\'s DSN cannot say a user with ":"');
        } else {
          expect(readGoDsn(text(endpoint, 'go'))).toMatchObject({
            ...names,
            net: 'tcp',
            address: '127.0.0.1:13306',
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses what cannot be said', () => {
    expect(refusal(() => text(socket, 'jdbc'))).toBe('JDBC cannot say a unix socket');
    expect(refusal(() => text({ ...plain, sslmode: 'verify-ca' }, 'go'))).toContain('sslmode=verify-ca');
    for (const database of ['.', '..']) {
      expect(refusal(() => text({ ...plain, database }, 'uri'))).toBe(
        `a MySQL URI cannot say the database "${database}"`,
      );
    }
    const odd: Endpoint = { ...plain, local: { kind: 'unix', path: '/run/a@b' } };
    expect(refusal(() => text(odd, 'go'))).toContain('a socket with "@"');
  });

  it('says what checking a name needs', () => {
    for (const format of ['mysql', 'uri', 'jdbc', 'go', 'env'] as const) {
      expect(codes(verified, format)[0]).toBe('hosts-entry');
      expect(codes({ ...verified, serverName: undefined }, format)[0]).toBe('certificate-name');
      expect(codes(plain, format)).toEqual([]);
    }
  });
});
