import * as fc from 'fast-check';
import { createClient } from 'redis';
import { describe, expect, it } from 'vitest';
import { anyName, codes, orders, refusal, text, withNames } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';

const plain: Endpoint = {
  ...orders,
  kind: 'redis',
  database: '2',
  local: { kind: 'tcp', host: '127.0.0.1', port: 16379 },
};
const bare: Endpoint = { tunnel: 'cache', kind: 'redis', local: plain.local };
const verified: Endpoint = { ...plain, sslmode: 'verify-full', serverName: 'redis.db.svc' };
const socket: Endpoint = { ...plain, local: { kind: 'unix', path: '/run/my redis.sock' } };

describe('redis', () => {
  it.each([
    ['redis-cli', bare, 'redis-cli -h 127.0.0.1 -p 16379'],
    ['redis-cli', plain, 'redis-cli -h 127.0.0.1 -p 16379 --user app -n 2'],
    ['redis-cli', verified, 'redis-cli -h 127.0.0.1 -p 16379 --tls --sni redis.db.svc --user app -n 2'],
    ['redis-cli', { ...bare, sslmode: 'require' }, 'redis-cli -h 127.0.0.1 -p 16379 --tls --insecure'],
    ['redis-cli', socket, "redis-cli -s '/run/my redis.sock' --user app -n 2"],
    ['uri', bare, 'redis://127.0.0.1:16379'],
    ['uri', plain, 'redis://app@127.0.0.1:16379/2'],
    ['uri', verified, 'rediss://app@redis.db.svc:16379/2'],
    ['uri', socket, 'unix://app@/run/my%20redis.sock?db=2'],
    ['uri', { ...bare, local: { kind: 'tcp', host: '::1', port: 1 } }, 'redis://[::1]:1'],
    [
      'env',
      plain,
      "export REDIS_HOST=127.0.0.1\nexport REDIS_PORT=16379\nexport REDIS_URL='redis://app@127.0.0.1:16379/2'",
    ],
  ] as const)('%s of %o', (format, endpoint, expected) => {
    expect(text(endpoint, format, { withPassword: false })).toBe(expected);
  });

  it('gives redis-cli its password by the environment', () => {
    const endpoint = withNames(plain, { database: '0', user: 'u', password: 'a b' });
    expect(text(endpoint, 'redis-cli')).toBe(
      "REDISCLI_AUTH='a b' redis-cli -h 127.0.0.1 -p 16379 --user u -n 0",
    );
  });

  it.each([
    ['a port', plain],
    ['a socket', socket],
  ] as const)('carries any name in a URI of %s, as node-redis reads it', (_, endpoint) => {
    fc.assert(
      fc.property(anyName, anyName, fc.nat(15), (user, password, database) => {
        const url = text(withNames(endpoint, { user, password, database: String(database) }), 'uri');
        const options = createClient({ url }).options;
        expect(options).toMatchObject({ username: user, password, database });
        const { local } = endpoint;
        expect(options.socket).toMatchObject(
          local.kind === 'tcp' ? { host: local.host, port: local.port } : { path: local.path },
        );
      }),
      // node-redis makes a client of all its commands each time.
      { numRuns: 25 },
    );
  });

  it('carries a password without a user', () => {
    const url = text({ ...plain, user: undefined }, 'uri');
    expect(createClient({ url }).options?.password).toBe(plain.password?.reveal());
  });

  it('refuses what cannot be said', () => {
    expect(refusal(() => text({ ...plain, database: 'orders' }, 'uri'))).toBe(
      'Redis cannot say the database "orders"',
    );
    expect(refusal(() => text({ ...socket, sslmode: 'require' }, 'redis-cli'))).toContain('sslmode=require');
  });

  it('says what a cluster does, and what checking a name needs', () => {
    expect(codes(plain, 'redis-cli')).toEqual(['in-cluster-addresses']);
    expect(codes(verified, 'uri')).toEqual(['in-cluster-addresses', 'hosts-entry']);
  });

  it('says that a rediss URI is checked in full, whatever sslmode asks for', () => {
    const url = text({ ...plain, sslmode: 'require' }, 'uri');
    // What node-redis gives to tls.connect(), which checks unless it is told not to.
    expect(createClient({ url }).options?.socket).toMatchObject({ tls: true });
    expect(createClient({ url }).options?.socket).not.toHaveProperty('rejectUnauthorized');
    for (const format of ['uri', 'env'] as const) {
      expect(codes({ ...plain, sslmode: 'require' }, format)).toContain('reader-differs');
      expect(codes({ ...plain, sslmode: 'verify-ca' }, format)).toContain('reader-differs');
    }
    expect(codes({ ...plain, sslmode: 'require' }, 'redis-cli')).not.toContain('reader-differs');
  });

  it('says that ioredis takes no unix URI', () => {
    expect(codes(socket, 'uri')).toContain('reader-differs');
    expect(codes(plain, 'uri')).not.toContain('reader-differs');
  });
});
