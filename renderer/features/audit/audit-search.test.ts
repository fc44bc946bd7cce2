import { expect, it } from 'vitest';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import { wordsOf } from '../../state/search-words.ts';
import {
  chipsOf,
  exactOf,
  filterOf,
  hasWords,
  isNarrowedTo,
  isUsualKinds,
  wholeLog,
  withKind,
} from './audit-search.ts';
import { eventKinds, kindsByGroup, usualKinds } from './event-kinds.ts';
import { inputTime, parseInputTime, rangeProblem } from './time-range.ts';

it('asks for all but checkpoints, for all by not naming kinds, and for none as for none', () => {
  expect(filterOf(wholeLog).events).toEqual(usualKinds);
  expect(usualKinds).not.toContain('checkpoint');
  expect(filterOf({ ...wholeLog, kinds: eventKinds })).toEqual({});
  expect(filterOf({ ...wholeLog, kinds: [], exact: { user: 'a' } })).toEqual({ events: [], user: 'a' });
});

it('turns kinds on and off in the order in which they are listed', () => {
  expect(withKind(['tunnel-state'], 'tunnel-opened', true)).toEqual(['tunnel-opened', 'tunnel-state']);
  expect(withKind(['tunnel-opened', 'tunnel-state'], 'tunnel-opened', false)).toEqual(['tunnel-state']);
  expect(isUsualKinds(withKind(withKind(usualKinds, 'identity', false), 'identity', true))).toBe(true);
  expect(isUsualKinds(eventKinds)).toBe(false);
  expect(kindsByGroup.flatMap(({ kinds }) => kinds).toSorted()).toEqual([...eventKinds].toSorted());
});

it('says what narrows the list, and leaves out what is empty', () => {
  const exact = exactOf({ tunnel: '', podUid: '7f3a', sinceMs: undefined });
  expect(exact).toEqual({ podUid: '7f3a' });
  expect(chipsOf(exact)).toEqual([{ field: 'podUid', value: '7f3a' }]);
  expect(chipsOf({ sinceMs: new Date(2026, 10, 21, 18, 4, 5).getTime() })).toEqual([
    { field: 'sinceMs', value: '2026-11-21 18:04:05' },
  ]);
  expect(isNarrowedTo(exact, { podUid: '7f3a' })).toBe(true);
  expect(isNarrowedTo(exact, { podUid: '2c98' })).toBe(false);
});

it('finds all words anywhere, in whatever case', () => {
  const record = {
    seq: 1,
    prev: '',
    at: '',
    event: 'postgres-login',
    databaseUser: 'App',
    pod: { name: 'pg-0' },
  };
  const listed: ListedRecord = { log: 'forward-1', record };
  for (const words of ['', 'app', 'PG-0 login', 'forward-1'])
    expect(hasWords(listed, wordsOf(words)), words).toBe(true);
  expect(hasWords(listed, wordsOf('app other'))).toBe(false);
});

it('reads times as an input has them', () => {
  const atMs = new Date(2026, 10, 21, 18, 4, 5).getTime();
  expect([inputTime(atMs), parseInputTime(inputTime(atMs))]).toEqual(['2026-11-21T18:04:05', atMs]);
  expect([inputTime(undefined), parseInputTime('')]).toEqual(['', undefined]);
  expect(rangeProblem({ sinceMs: 2, untilMs: 2 })).toBeDefined();
  expect(rangeProblem({ sinceMs: 1, untilMs: 2 })).toBeUndefined();
  expect(rangeProblem({ sinceMs: 1 })).toBeUndefined();
});
