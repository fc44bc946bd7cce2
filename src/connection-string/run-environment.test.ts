import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { orders, refusal } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';
import { runEnvironment, variablePrefix } from './run-environment.ts';

const password = new Secret('s3cret');
const tcp = (port: number) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const;
const db: Endpoint = { ...orders, password };
const reports: Endpoint = { tunnel: 'reports', kind: 'postgres', local: tcp(15433), user: 'reader' };
const cache: Endpoint = { tunnel: 'cache', kind: 'redis', local: tcp(16379) };
const shop: Endpoint = { tunnel: 'shop.db', kind: 'mysql', local: tcp(13306), user: 'app', password };

describe('runEnvironment', () => {
  it('gives the variables of one tunnel, plain and prefixed, with its password', () => {
    const plain = {
      PGHOST: '127.0.0.1',
      PGPORT: '15432',
      PGDATABASE: 'orders',
      PGUSER: 'app',
      PGPASSWORD: 's3cret',
      DATABASE_URL: 'postgresql://app:s3cret@127.0.0.1:15432/orders',
    };
    const prefixed = Object.fromEntries(
      Object.entries(plain).map(([name, value]) => [`ORDERS_DB_${name}`, value]),
    );
    expect(runEnvironment([db]).variables).toEqual({ ...plain, ...prefixed });
  });

  it('gives no PGPASSWORD where there is none, and does not complain', () => {
    const { variables, warnings } = runEnvironment([reports]);
    expect(variables).not.toHaveProperty('PGPASSWORD');
    expect(warnings).toEqual([]);
  });

  it.each([
    [cache, 'REDIS_URL', 'redis://127.0.0.1:16379'],
    [shop, 'MYSQL_PWD', 's3cret'],
    [shop, 'DATABASE_URL', 'mysql://app:s3cret@127.0.0.1:13306/'],
    [{ ...cache, kind: 'mongodb' }, 'MONGODB_URI', 'mongodb://127.0.0.1:16379/?directConnection=true'],
    [{ ...cache, kind: 'kafka' }, 'KAFKA_BOOTSTRAP_SERVERS', '127.0.0.1:16379'],
    [{ ...cache, kind: 'http' }, 'CACHE_TUNNEL_URL', 'http://127.0.0.1:16379/'],
    [{ ...cache, kind: 'tcp' }, 'TUNNEL_ADDRESS', '127.0.0.1:16379'],
  ] as const)('%o has %s', (endpoint, name, value) => {
    expect(runEnvironment([endpoint]).variables[name]).toBe(value);
  });

  it('gives plain names to tunnels that share none, and never a mixture', () => {
    const { variables } = runEnvironment([db, cache]);
    expect(variables).toMatchObject({ PGUSER: 'app', REDIS_PORT: '16379', CACHE_REDIS_PORT: '16379' });
    const two = runEnvironment([db, reports, cache]).variables;
    // `reports` has no database: a plain PGDATABASE would be that of the other.
    expect(Object.keys(two).filter((name) => name.startsWith('PG') || name === 'DATABASE_URL')).toEqual([]);
    expect(two).toMatchObject({ ORDERS_DB_PGUSER: 'app', REPORTS_PGUSER: 'reader', REDIS_PORT: '16379' });
    expect(runEnvironment([db, shop]).variables).not.toHaveProperty('DATABASE_URL');
  });

  it('names the tunnel of each warning', () => {
    expect(runEnvironment([db, cache]).warnings).toMatchObject([
      { tunnel: 'cache', code: 'in-cluster-addresses' },
    ]);
  });

  it('refuses two tunnels of one prefix', () => {
    const other = { ...reports, tunnel: 'orders.db' };
    expect(refusal(() => runEnvironment([db, other]))).toBe(
      'orders-db and orders.db cannot run together: the variables of both would begin with ORDERS_DB_',
    );
  });

  it('gives nothing for no tunnel', () => {
    expect(runEnvironment([])).toEqual({ variables: {}, warnings: [] });
  });
});

describe('variablePrefix', () => {
  it.each([
    ['orders-db', 'ORDERS_DB_'],
    ['a.b_c', 'A_B_C_'],
    ['1st', '_1ST_'],
    ['größe', 'GR_SSE_'],
  ])('%s: %s', (tunnel, prefix) => {
    expect(variablePrefix(tunnel)).toBe(prefix);
  });

  it('is a name for any tunnel', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (tunnel) =>
        /^[A-Z_][A-Z0-9_]*_$/.test(variablePrefix(tunnel)),
      ),
    );
  });
});
