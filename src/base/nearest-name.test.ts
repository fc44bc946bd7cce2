import { expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

const known = ['port', 'local', 'namespace', 'onDemand', 'off'];

it.each([
  ['prot', 'port'],
  ['Port', 'port'],
  ['namspace', 'namespace'],
  ['ondemand', 'onDemand'],
  ['of', 'off'],
  ['colour', undefined],
  ['', undefined],
  ['x'.repeat(100_000), undefined],
])('%.20s means %s', (given, meant) => expect(nearestName(given, known)).toBe(meant));

it('takes the nearest, not the first', () => {
  expect(nearestName('orders-dv', ['orders-mx', 'orders-db'])).toBe('orders-db');
});
