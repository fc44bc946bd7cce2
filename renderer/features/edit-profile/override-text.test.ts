import { expect, it } from 'vitest';
import { profileOverrideSchema } from '../../../src/contract/profile.ts';
import { profileOverride } from './override-text.ts';

it('takes along what has no field', () => {
  const tree = { port: 1, passwordless: ['/usr/bin/psql'] };
  expect(profileOverride(tree)).toEqual({ override: tree, problems: [] });
});

it('is none where nothing differs', () => {
  expect(profileOverride({}).override).toBeUndefined();
});

it.each([0, 1, 65_535, 65_536, 'pg', 1.5])('takes %j for a port where the daemon does', (port) => {
  const isRight = profileOverrideSchema.safeParse({ port }).success;
  expect(profileOverride({ port }).problems.length === 0).toBe(isRight);
});
