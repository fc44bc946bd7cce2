import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { AuditFilter, ListedRecord } from '../../../src/contract/audit-query.ts';
import { wordsOf } from '../../state/search-words.ts';
import { type EventKind, eventKinds, usualKinds } from './event-kinds.ts';

/** What a person looks for: the daemon filters by all but the words, which are looked for in what it gave. */
export interface AuditSearch {
  readonly words: string;
  readonly kinds: readonly EventKind[];
  readonly exact: ExactFilter;
}

export type ExactFilter = Omit<AuditFilter, 'events' | 'profile'>;
export type ExactField = keyof ExactFilter;

export const wholeLog: AuditSearch = { words: '', kinds: usualKinds, exact: {} };

export const fieldName: Record<ExactField, string> = {
  tunnel: 'Tunnel',
  podUid: 'Pod UID',
  user: 'User',
  databaseUser: 'Database user',
  auditId: 'Audit-ID',
  sinceMs: 'From',
  untilMs: 'Up to',
};

/** As the daemon takes it. No kinds at all are asked for as what they are: nothing. */
export function filterOf({ kinds, exact }: AuditSearch): AuditFilter {
  return kinds.length === eventKinds.length ? exact : { ...exact, events: [...kinds] };
}

export function isUsualKinds(kinds: readonly EventKind[]): boolean {
  return kinds.length === usualKinds.length && usualKinds.every((kind) => kinds.includes(kind));
}

/** With or without one kind; in the order in which they are listed. */
export function withKind(kinds: readonly EventKind[], kind: EventKind, isWanted: boolean): EventKind[] {
  return eventKinds.filter((each) => (each === kind ? isWanted : kinds.includes(each)));
}

/** Without what is empty. */
export function exactOf(given: ExactFilter): ExactFilter {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== ''));
}

/** Whether the list has nothing else already. */
export function isNarrowedTo(exact: ExactFilter, only: ExactFilter = {}): boolean {
  return Object.entries(only).every(([field, value]) => exact[field as ExactField] === value);
}

export interface FilterChip {
  readonly field: ExactField;
  readonly value: string;
}

/** What narrows the list, in words. */
export function chipsOf(exact: ExactFilter): FilterChip[] {
  return (Object.keys(fieldName) as ExactField[]).flatMap((field) => {
    const value = exact[field];
    if (value === undefined) return [];
    return [{ field, value: typeof value === 'number' ? timeWords(value) : value }];
  });
}

/** Those in which all words of a search are, in their order. */
export function withWords(records: readonly ListedRecord[], search: string): ListedRecord[] {
  const words = wordsOf(search);
  return records.filter((listed) => hasWords(listed, words));
}

/** Whether all words are somewhere in it, in whatever case. */
export function hasWords(listed: ListedRecord, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = textOf(listed);
  return words.every((word) => text.includes(word));
}

/** Made once for each event: what is loaded is searched again with each letter that is typed. */
const texts = new WeakMap<ListedRecord, string>();

function textOf(listed: ListedRecord): string {
  const known = texts.get(listed);
  if (known !== undefined) return known;
  const text = `${listed.log} ${JSON.stringify(listed.record)}`.toLowerCase();
  texts.set(listed, text);
  return text;
}
