import { expect, it } from 'vitest';
import { whyNotOwn } from './file-owner.ts';

const ours = { uid: 1000, gid: 1000, mode: 0o100644 };

it.each([
  ['the user alone', ours],
  ['the user and their own group', { ...ours, mode: 0o100664 }],
  ['root', { uid: 0, gid: 0, mode: 0o100644 }],
])('relies on what %s can write', (_, found) => {
  expect(whyNotOwn(found, 1000)).toBeUndefined();
});

it.each([
  ['all', { ...ours, mode: 0o100646 }, /may be written by others/],
  ["a group that is not the user's own", { ...ours, gid: 100, mode: 0o100664 }, /may be written by others/],
  ["root's group", { uid: 0, gid: 0, mode: 0o100664 }, /may be written by others/],
  ['another user', { uid: 1001, gid: 1000, mode: 0o100600 }, /belongs to user 1001/],
])('does not rely on what %s can write', (_, found, why) => {
  expect(whyNotOwn(found, 1000)).toMatch(why);
});

it('asks nothing where the platform has no user ids', () => {
  expect(whyNotOwn({ uid: 0, gid: 0, mode: 0o100666 }, undefined)).toBeUndefined();
});
