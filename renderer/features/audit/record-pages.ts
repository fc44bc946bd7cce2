import type { ListedRecord } from '../../../src/contract/audit-query.ts';

/** No more than this is kept: who looks further back narrows what is asked for. */
export const maxLoaded = 20_000;

export interface Loaded {
  /** Newest first. */
  readonly records: readonly ListedRecord[];
  /** There is nothing older that matches. */
  readonly isWhole: boolean;
}

/** As the daemon answers: the last that match, oldest first, of at most `limit`. */
export interface Page {
  readonly records: readonly ListedRecord[];
  readonly limit: number;
}

/** Clocks of two logs, and of one that was set back, disagree by so much at most without a new event being missed. */
const overlapMs = 5_000;

export function recordKey({ log, record }: ListedRecord): string {
  return `${log}/${record.seq}`;
}

export function firstPage({ records, limit }: Page): Loaded {
  return { records: records.toReversed(), isWhole: records.length < limit };
}

/** Up to where the next older page is asked for: with the millisecond of the oldest, as others may have the same. */
export function olderThan({ records }: Loaded): number | undefined {
  const oldest = records.at(-1);
  return oldest && Date.parse(oldest.record.at) + 1;
}

/** `loaded` itself where the page was full of what is known: then a larger one is needed. */
export function withOlder(loaded: Loaded, { records, limit }: Page, most = maxLoaded): Loaded {
  const known = new Set(loaded.records.map(recordKey));
  const fresh = records.toReversed().filter((record) => !known.has(recordKey(record)));
  const isWhole = records.length < limit;
  if (fresh.length === 0 && !isWhole) return loaded;
  return bounded({ records: [...loaded.records, ...fresh], isWhole }, most);
}

/** From where on newer ones are asked for. */
export function newerThan({ records }: Loaded): number | undefined {
  const newest = records[0];
  return newest && Date.parse(newest.record.at) - overlapMs;
}

/** `loaded` itself where nothing is new. A page that is full and knows nothing of what is loaded leaves a gap: then it counts alone. */
export function withNewer(loaded: Loaded, page: Page): Loaded {
  const known = new Set(loaded.records.map(recordKey));
  const fresh = page.records.toReversed().filter((record) => !known.has(recordKey(record)));
  if (fresh.length === 0) return loaded;
  if (fresh.length === page.limit) return firstPage(page);
  return bounded(
    { records: [...fresh, ...loaded.records].sort(newestFirst), isWhole: loaded.isWhole },
    maxLoaded,
  );
}

function bounded({ records, isWhole }: Loaded, most: number): Loaded {
  if (records.length <= most) return { records, isWhole };
  return { records: records.slice(0, most), isWhole: false };
}

function newestFirst(a: ListedRecord, b: ListedRecord): number {
  if (a.record.at !== b.record.at) return a.record.at < b.record.at ? 1 : -1;
  return a.log === b.log ? b.record.seq - a.record.seq : 0;
}
