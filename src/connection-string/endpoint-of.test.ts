import { expect, it } from 'vitest';
import { openEndpoint } from './endpoint.ts';
import { endpointOf } from './endpoint-of.ts';

it('gives the socket of a tunnel that is off as the daemon will bind it, not with a ~ that no client knows', () => {
  const profile = { target: 'service/db', local: { socket: '~/sockets/db' } };
  const endpoint = endpointOf({ name: 'db', profile, home: '/home/dev' });
  expect(endpoint.local).toEqual({ kind: 'unix', path: '/home/dev/sockets/db' });
  expect(() => openEndpoint(endpoint, false)).not.toThrow();
});
