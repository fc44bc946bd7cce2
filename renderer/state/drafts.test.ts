import { expect, it } from 'vitest';
import { Drafts, isWritten, newDraft } from './drafts.ts';

const begun = newDraft({ name: 'orders', text: 'port: 5432\n' }, 'h1');

it('tells what was written from what was only looked at', () => {
  expect(isWritten(begun)).toBe(false);
  expect(isWritten({ ...begun, text: 'port: 1\n' })).toBe(true);
  expect(isWritten({ ...begun, name: 'other' })).toBe(true);
});

it('keeps drafts until they are dropped, and tells of each change', () => {
  const drafts = new Drafts();
  let told = 0;
  drafts.subscribe(() => told++);
  drafts.set('a', begun);
  expect(drafts.hasWritten()).toBe(false);
  drafts.set('a', { ...begun, name: 'x' });
  expect(drafts.hasWritten()).toBe(true);
  drafts.drop('a');
  drafts.drop('a');
  expect(drafts.get('a')).toBeUndefined();
  expect(told).toBe(3);
});

it('lets the one go that was touched longest ago, where there are too many', () => {
  const drafts = new Drafts();
  for (let number = 0; number < 100; number++) drafts.set(`d${number}`, begun);
  drafts.set('d0', begun);
  drafts.set('new', begun);
  expect(drafts.get('d0')).toBe(begun);
  expect(drafts.get('d1')).toBeUndefined();
});
