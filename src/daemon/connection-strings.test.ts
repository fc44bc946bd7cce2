import { expect, it } from 'vitest';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import { formatsByKind } from '../contract/connection-format.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { Profile } from '../contract/profile.ts';
import { shownStrings } from './connection-strings.ts';

const profile: { readonly target: string; readonly connection: Profile['connection'] } = {
  target: 'service/orders',
  connection: { database: 'orders', user: 'app', sslmode: 'verify-full' },
};
const stringsOf = (entity: TunnelEntity, more: Partial<typeof profile> = {}) =>
  shownStrings(
    { entity, definition: { profile: { port: 5432, ...profile, ...more } }, home: '/home/dev' },
    'sh',
  );

it('writes each format of the kind, for where the tunnel listens or will', () => {
  const strings = stringsOf(fakeTunnel());
  expect(strings.map(({ format }) => format)).toEqual(formatsByKind.postgres);
  const uri = strings.find(({ format }) => format === 'uri')?.written;
  expect(uri).toMatchObject({ form: 'value', secret: false });
  expect(uri?.text).toContain(':15432/orders');
  expect(uri?.text).toContain('sslmode=verify-full');
});

it('leaves TLS to the gateway where there is one: that speaks to the database', () => {
  const uri = stringsOf(fakeTunnel({ gateway: true })).find(({ format }) => format === 'uri');
  expect(uri?.written?.text).not.toContain('sslmode=verify-full');
});

it('says of a format that cannot say it why, and writes the others', () => {
  const connection = { database: 'orders', user: 'app' };
  const tunnel = fakeTunnel({
    localPort: undefined,
    addresses: [{ kind: 'unix', path: '/run/user/1000/.s.PGSQL.5432' }],
  });
  const strings = stringsOf(tunnel, { connection });
  expect(strings.filter(({ error }) => error).every(({ error }) => error?.code === 'SP-USAGE')).toBe(true);
  expect(strings.some(({ error }) => error)).toBe(true);
  expect(strings.some(({ written }) => written)).toBe(true);
});

it('says before the tunnel had a port that it has none', () => {
  expect(() => stringsOf(fakeTunnel({ localPort: undefined }))).toThrow('has no local port yet');
});
