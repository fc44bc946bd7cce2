import { expect, it } from 'vitest';
import { linkAmong, parseDeepLink } from './deep-link.ts';

it.each(['sallyport://up/orders-db', 'sallyport://up/orders-db/'])('%s names a profile', (text) => {
  expect(parseDeepLink(text)).toEqual({ kind: 'up', name: 'orders-db' });
});

it.each([
  'sallyport://up/',
  'sallyport://down/orders-db',
  'sallyport://up/orders-db?reason=x',
  'sallyport://up/orders-db#x',
  'sallyport://up/a/b',
  'sallyport://up/..',
  'sallyport://up/%6frders',
  'sallyport://up/Orders',
  'sallyport://up/--all',
  'sallyport://up/a b',
  'sallyport:up/orders-db',
  'https://up/orders-db',
  `sallyport://up/${'a'.repeat(300)}`,
])('%s asks for nothing', (text) => expect(parseDeepLink(text)).toBeUndefined());

it('is found among the arguments of a second start', () => {
  expect(linkAmong(['/opt/sallyport', '--hidden', 'sallyport://up/redis'])).toEqual({
    kind: 'up',
    name: 'redis',
  });
  expect(linkAmong(['/opt/sallyport', 'sallyport://nonsense', 'sallyport://up/redis'])).toBeUndefined();
  expect(linkAmong(['/opt/sallyport'])).toBeUndefined();
});
