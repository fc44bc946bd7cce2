import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { type ConnectionFormat, type ConnectionKind, formatsByKind } from '../contract/connection-format.ts';
import {
  connectionStringRequestSchema,
  connectionStringSchema,
  shellSchema,
} from '../contract/connection-string.ts';
import { connectionString } from './connection-string.ts';
import { codes, orders, refusal, text } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';

const kinds = Object.keys(formatsByKind) as ConnectionKind[];
const pairs = kinds.flatMap((kind) => formatsByKind[kind].map((format) => [kind, format] as const));

function endpoint(kind: ConnectionKind, more: Partial<Endpoint> = {}): Endpoint {
  return {
    ...orders,
    kind,
    database: kind === 'redis' ? '0' : 'orders',
    password: new Secret('s3cret'),
    ...more,
  };
}

describe.each(pairs)('%s as %s', (kind, format: ConnectionFormat) => {
  it('carries no password unless asked to', () => {
    const written = connectionString(endpoint(kind), { format });
    expect(JSON.stringify(written)).not.toContain('s3cret');
    expect(written.secret).toBe(false);
  });

  it('says truly whether it carries the password', () => {
    const written = connectionString(endpoint(kind), { format, withPassword: true });
    expect(written.text.includes('s3cret')).toBe(written.secret);
    if (!written.secret) expect(written.warnings.map(({ code }) => code)).toContain('password-left-out');
    expect(JSON.stringify(written.warnings)).not.toContain('s3cret');
  });

  it('says when no password is known', () => {
    const written = connectionString(endpoint(kind, { password: undefined }), { format, withPassword: true });
    expect(written.secret).toBe(false);
    expect(written.warnings.map(({ code }) => code)).toContain('password-unknown');
  });

  it('is what the contract says, in every shell', () => {
    for (const shell of shellSchema.options) {
      const written = connectionString(endpoint(kind), { format, shell, withPassword: true });
      expect(connectionStringSchema.parse(written)).toEqual(written);
    }
  });

  it('needs neither user nor database', () => {
    const { tunnel, local } = orders;
    expect(connectionString({ tunnel, kind, local }, { format }).text).not.toMatch(/undefined|null/);
    expect(connectionString({ tunnel, kind, local, user: '', database: '' }, { format }).text).toBe(
      connectionString({ tunnel, kind, local }, { format }).text,
    );
  });
});

describe('kafka, http, tcp', () => {
  const none = { user: undefined, password: undefined };
  const named = { ...none, sslmode: 'verify-full', serverName: 'api.shop.svc' } as const;
  const unix = { ...none, local: { kind: 'unix', path: '/run/x.sock' } } as const;
  const v6 = { ...none, local: { kind: 'tcp', host: '::1', port: 18080 } } as const;
  it.each([
    ['kafka', 'bootstrap', none, '127.0.0.1:15432'],
    ['kafka', 'env', none, 'export KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:15432'],
    ['http', 'url', none, 'http://127.0.0.1:15432/'],
    ['http', 'url', { ...none, sslmode: 'require' }, 'https://127.0.0.1:15432/'],
    ['http', 'url', named, 'https://api.shop.svc:15432/'],
    ['http', 'url', {}, 'http://app:s3cret@127.0.0.1:15432/'],
    ['http', 'url', v6, 'http://[::1]:18080/'],
    ['http', 'curl', none, 'curl http://127.0.0.1:15432/'],
    ['http', 'curl', {}, 'curl --user app:s3cret http://127.0.0.1:15432/'],
    ['http', 'curl', { password: undefined }, 'curl --user app http://127.0.0.1:15432/'],
    ['http', 'curl', { ...none, sslmode: 'require' }, 'curl --insecure https://127.0.0.1:15432/'],
    ['http', 'curl', named, 'curl --resolve api.shop.svc:15432:127.0.0.1 https://api.shop.svc:15432/'],
    [
      'http',
      'curl',
      { ...named, ...v6 },
      "curl --resolve 'api.shop.svc:18080:[::1]' https://api.shop.svc:18080/",
    ],
    ['http', 'curl', unix, 'curl --unix-socket /run/x.sock http://localhost/'],
    [
      'http',
      'env',
      none,
      'export TUNNEL_HOST=127.0.0.1\nexport TUNNEL_PORT=15432\nexport TUNNEL_URL=http://127.0.0.1:15432/',
    ],
    ['tcp', 'address', none, '127.0.0.1:15432'],
    ['tcp', 'address', v6, '[::1]:18080'],
    ['tcp', 'nc', none, 'nc 127.0.0.1 15432'],
    ['tcp', 'nc', unix, 'nc -U /run/x.sock'],
    ['tcp', 'env', unix, 'export TUNNEL_SOCKET=/run/x.sock'],
  ] as const)('%s as %s of %o', (kind, format, more, expected) => {
    expect(text(endpoint(kind, more), format)).toBe(expected);
  });

  it('warns where addresses of the cluster come back', () => {
    expect(codes(endpoint('kafka'), 'bootstrap')).toEqual(['in-cluster-addresses']);
    expect(codes(endpoint('http'), 'url')).toEqual([]);
  });

  it('refuses what cannot be said', () => {
    expect(refusal(() => text(endpoint('kafka', unix), 'bootstrap'))).toBe('Kafka cannot say a unix socket');
    expect(refusal(() => text(endpoint('http', unix), 'url'))).toBe('a URL cannot say a unix socket');
    expect(refusal(() => text(endpoint('http', { sslmode: 'verify-ca' }), 'curl'))).toContain('verify-ca');
    expect(refusal(() => text(endpoint('http', { user: 'a:b' }), 'curl'))).toContain('a user with ":"');
  });
});

describe('connectionString', () => {
  it('takes the first format of the kind, for sh', () => {
    expect(connectionString(orders)).toMatchObject({
      tunnel: 'orders-db',
      kind: 'postgres',
      format: 'psql',
      form: 'command',
      text: "psql 'host=127.0.0.1 port=15432 dbname=orders user=app'",
    });
  });

  it('refuses a format of another kind, and lists those there are', () => {
    expect(refusal(() => connectionString(endpoint('redis'), { format: 'jdbc' }))).toBe(
      'a redis tunnel has no connection string of the format jdbc',
    );
  });

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['localhost', '127.0.0.1'],
    ['127.0.0.2', '127.0.0.2'],
  ])('a tunnel on %s is dialled at %s', (host, dialled) => {
    expect(text({ ...orders, local: { kind: 'tcp', host, port: 1 } }, 'libpq')).toContain(`host=${dialled} `);
  });

  it.each([
    ['a NUL', { user: 'a\0b' }, 'the user holds a NUL character'],
    ['half a character', { database: 'a\ud800' }, 'the database is not valid Unicode'],
    ['a NUL in the password', { password: new Secret('a\0') }, 'the password holds a NUL character'],
    ["a bracket in the tunnel's name", { tunnel: 'a]' }, "the tunnel's name has brackets"],
    ['a server name that is none', { serverName: 'a b' }, 'the server\'s name "a b" is no host name'],
    [
      'a zone',
      { local: { kind: 'tcp', host: 'fe80::1%eth0', port: 1 } },
      'no address that clients can be given',
    ],
    ['a relative socket', { local: { kind: 'unix', path: 'x.sock' } }, 'no absolute path'],
  ] as const)('refuses %s', (_, more, message) => {
    expect(refusal(() => text({ ...orders, ...more }, 'uri'))).toContain(message);
  });

  it('says when only a new PowerShell passes the words on rightly', () => {
    const quoted = { ...orders, database: 'a"b' };
    const warned = (shell: 'sh' | 'powershell') =>
      connectionString(quoted, { format: 'psql', shell }).warnings.map(({ code }) => code);
    expect(warned('powershell')).toEqual(['powershell-version']);
    expect(warned('sh')).toEqual([]);
  });
});

it('asks for sh and no password by default', () => {
  expect(connectionStringRequestSchema.parse({ tunnel: 'orders-db' })).toEqual({
    tunnel: 'orders-db',
    shell: 'sh',
    withPassword: false,
  });
});
