import * as fc from 'fast-check';
import { ConnectionString } from 'mongodb-connection-string-url';
import { describe, expect, it } from 'vitest';
import { connectionString } from './connection-string.ts';
import { anyNames, codes, orders, refusal, text, withNames } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';

const plain: Endpoint = {
  ...orders,
  kind: 'mongodb',
  local: { kind: 'tcp', host: '127.0.0.1', port: 17017 },
};
const verified: Endpoint = { ...plain, sslmode: 'verify-full', serverName: 'mongo-0.mongo.db.svc' };
const socket: Endpoint = { ...plain, local: { kind: 'unix', path: '/run/mongodb-27017.sock' } };
const v6: Endpoint = { ...plain, local: { kind: 'tcp', host: '::1', port: 17017 } };

describe('mongodb', () => {
  it.each([
    ['mongosh', plain, "mongosh 'mongodb://app@127.0.0.1:17017/orders?directConnection=true'"],
    ['uri', plain, 'mongodb://app@127.0.0.1:17017/orders?directConnection=true'],
    ['uri', verified, 'mongodb://app@mongo-0.mongo.db.svc:17017/orders?directConnection=true&tls=true'],
    [
      'uri',
      { ...plain, sslmode: 'verify-ca' },
      'mongodb://app@127.0.0.1:17017/orders?directConnection=true&tls=true&tlsAllowInvalidHostnames=true',
    ],
    [
      'uri',
      { ...verified, caFile: '/etc/my ca.pem', authSource: 'admin' },
      'mongodb://app@mongo-0.mongo.db.svc:17017/orders?directConnection=true&authSource=admin&tls=true&tlsCAFile=%2Fetc%2Fmy%20ca.pem',
    ],
    ['uri', { ...plain, caFile: '/ca.pem' }, 'mongodb://app@127.0.0.1:17017/orders?directConnection=true'],
    ['uri', socket, 'mongodb://app@%2Frun%2Fmongodb-27017.sock/orders?directConnection=true'],
    ['uri', v6, 'mongodb://app@[::1]:17017/orders?directConnection=true'],
    ['env', plain, "export MONGODB_URI='mongodb://app@127.0.0.1:17017/orders?directConnection=true'"],
  ] as const)('%s of %o', (format, endpoint, expected) => {
    expect(text(endpoint, format, { withPassword: false })).toBe(expected);
  });

  it("carries any name in a URI, as the driver's parser reads it", () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const uri = new ConnectionString(text(withNames(plain, names), 'uri'));
        expect({
          user: decodeURIComponent(uri.username),
          password: decodeURIComponent(uri.password),
          database: decodeURIComponent(uri.pathname.slice(1)),
          hosts: uri.hosts,
          direct: uri.searchParams.get('directConnection'),
        }).toEqual({ ...names, hosts: ['127.0.0.1:17017'], direct: 'true' });
      }),
    );
  });

  it.each([verified, socket, v6, { ...plain, user: undefined, password: undefined, database: undefined }])(
    'writes what the parser takes: %o',
    (endpoint) => {
      expect(new ConnectionString(text(endpoint, 'uri')).hosts).toHaveLength(1);
    },
  );

  it('warns that a replica set gives out other addresses, and that mongosh is given the password in the open', () => {
    expect(codes(plain, 'uri')).toEqual(['in-cluster-addresses']);
    expect(codes(verified, 'uri')).toEqual(['in-cluster-addresses', 'hosts-entry']);
    const written = connectionString(plain, { format: 'mongosh', withPassword: true });
    expect(written.warnings.map(({ code }) => code)).toEqual([
      'in-cluster-addresses',
      'password-in-arguments',
    ]);
  });

  it('refuses what cannot be said', () => {
    expect(refusal(() => text({ ...plain, database: '..' }, 'uri'))).toContain('the database ".."');
    const odd: Endpoint = { ...plain, local: { kind: 'unix', path: '/run/mongodb' } };
    expect(refusal(() => text(odd, 'uri'))).toBe('a MongoDB URI cannot say the socket /run/mongodb');
    expect(refusal(() => text({ ...plain, user: undefined }, 'uri'))).toContain('a password without a user');
  });
});
