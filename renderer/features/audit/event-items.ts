import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import { recordKey } from './record-pages.ts';

export type EventItem =
  | { readonly kind: 'day'; readonly day: string }
  | { readonly kind: 'event'; readonly listed: ListedRecord };

/** The list as it stands on the screen: under each day of here its events, newest first as they were given. */
export function eventItems(records: readonly ListedRecord[]): EventItem[] {
  const items: EventItem[] = [];
  let last: string | undefined;
  for (const listed of records) {
    const day = timeWords(Date.parse(listed.record.at)).slice(0, 10);
    if (day !== last) items.push({ kind: 'day', day });
    last = day;
    items.push({ kind: 'event', listed });
  }
  return items;
}

export function itemKey(item: EventItem): string {
  return item.kind === 'day' ? item.day : recordKey(item.listed);
}

/** 2026-11-21, today */
export function dayWords(day: string, nowMs: number): string {
  if (day === timeWords(nowMs).slice(0, 10)) return `${day} · today`;
  const yesterday = new Date(nowMs);
  yesterday.setDate(yesterday.getDate() - 1);
  return day === timeWords(yesterday.getTime()).slice(0, 10) ? `${day} · yesterday` : day;
}
