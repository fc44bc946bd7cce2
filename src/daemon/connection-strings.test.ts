import { expect, it } from 'vitest';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import { formatsByKind } from '../contract/connection-format.ts';
import { connectionStrings } from './connection-strings.ts';

const profile = {
  target: 'service/orders',
  connection: { database: 'orders', user: 'app', sslmode: 'verify-full' as const },
};
const of = { profile, shell: 'sh', home: '/home/dev' } as const;

it('writes each format of the kind, for where the tunnel listens or will', () => {
  const strings = connectionStrings(fakeTunnel(), of);
  expect(strings.map(({ format }) => format)).toEqual(formatsByKind.postgres);
  const uri = strings.find(({ format }) => format === 'uri')?.written;
  expect(uri).toMatchObject({ form: 'value', secret: false });
  expect(uri?.text).toContain(':15432/orders');
  expect(uri?.text).toContain('sslmode=verify-full');
});

it('leaves TLS to the gateway where there is one: that speaks to the database', () => {
  const uri = connectionStrings(fakeTunnel({ gateway: true }), of).find(({ format }) => format === 'uri');
  expect(uri?.written?.text).not.toContain('sslmode=verify-full');
});

it('says of a format that cannot say it why, and writes the others', () => {
  const connection = { database: 'orders', user: 'app' };
  const tunnel = fakeTunnel({
    localPort: undefined,
    addresses: [{ kind: 'unix', path: '/run/user/1000/.s.PGSQL.5432' }],
  });
  const strings = connectionStrings(tunnel, { ...of, profile: { ...profile, connection } });
  expect(strings.filter(({ error }) => error).every(({ error }) => error?.code === 'SP-USAGE')).toBe(true);
  expect(strings.some(({ error }) => error)).toBe(true);
  expect(strings.some(({ written }) => written)).toBe(true);
});

it('says before the tunnel had a port that it has none', () => {
  expect(() => connectionStrings(fakeTunnel({ localPort: undefined }), of)).toThrow('has no local port yet');
});
