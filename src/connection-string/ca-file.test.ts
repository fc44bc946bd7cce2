import { expect, it } from 'vitest';
import type { ConnectionFormat } from '../contract/connection-format.ts';
import { orders, text } from './endpoint.fixture.ts';
import type { Endpoint } from './endpoint.ts';

const formats: [Endpoint['kind'], ConnectionFormat, string][] = [
  ['postgres', 'psql', 'sslrootcert=/ca.pem'],
  ['postgres', 'libpq', 'sslrootcert=/ca.pem'],
  ['postgres', 'uri', 'sslrootcert=%2Fca.pem'],
  ['postgres', 'jdbc', 'sslrootcert=%2Fca.pem'],
  ['postgres', 'sqlalchemy', 'sslrootcert=%2Fca.pem'],
  ['postgres', 'pgx', 'sslrootcert=/ca.pem'],
  ['postgres', 'npgsql', 'Root Certificate=/ca.pem'],
  ['postgres', 'prisma', 'sslcert=%2Fca.pem'],
  ['postgres', 'env', 'PGSSLROOTCERT=/ca.pem'],
  ['mysql', 'mysql', '--ssl-ca=/ca.pem'],
  ['mysql', 'uri', 'ssl-ca=%2Fca.pem'],
  ['mongodb', 'uri', 'tlsCAFile=%2Fca.pem'],
  ['redis', 'redis-cli', '--cacert /ca.pem'],
  ['http', 'curl', '--cacert /ca.pem'],
];

it.each(formats)('the CA file of a profile is in %s %s, where it is checked', (kind, format, expected) => {
  const database = kind === 'redis' ? '0' : 'orders';
  const endpoint: Endpoint = { ...orders, kind, database, serverName: 'db.shop.svc', caFile: '/ca.pem' };
  expect(text({ ...endpoint, sslmode: 'verify-full' }, format)).toContain(expected);
  expect(text({ ...endpoint, sslmode: 'require' }, format)).not.toContain('ca.pem');
});
