import { expect, it } from 'vitest';
import { parseRoute, routeHash } from './route.ts';

it.each([
  { view: 'tunnels', chosen: 'user/orders-db' },
  { view: 'tunnels', chosen: '/home/dev/a b#c%/x.yaml/db' },
  { view: 'audit' },
  { view: 'new' },
  { view: 'edit', chosen: 'team/orders-db' },
] as const)('comes back from its address: %o', (route) => {
  expect(parseRoute(routeHash(route))).toEqual(route);
});

it.each(['', '#', '#/nowhere', '#/nowhere/x', '#x'])('leads %j to the tunnels', (hash) => {
  expect(parseRoute(hash).view).toBe('tunnels');
});

it('takes a broken choice for none', () => {
  expect(parseRoute('#/tunnels/%E0%A4%A')).toEqual({ view: 'tunnels' });
});
