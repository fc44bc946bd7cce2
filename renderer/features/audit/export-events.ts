import { csvHeader, csvLine } from '../../../src/contract/audit-csv.ts';
import type { AuditRecord } from '../../../src/contract/audit-event.ts';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import type { Api } from '../../api.ts';
import { type AuditSearch, filterOf, withWords } from './audit-search.ts';
import { firstPage, type Loaded, olderThan, withOlder } from './record-pages.ts';

/** A page holds them in memory; `sallyport audit export` has no such limit. */
export const maxExported = 100_000;
/** The most that the daemon gives at a time. */
const pageSize = 10_000;

export const exportFormats = ['jsonl', 'csv'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const formatName: Record<ExportFormat, string> = { jsonl: 'JSON Lines', csv: 'CSV' };
const mediaType: Record<ExportFormat, string> = { jsonl: 'application/x-ndjson', csv: 'text/csv' };

export interface CollectOptions {
  readonly api: Pick<Api, 'call'>;
  readonly search: AuditSearch;
  readonly signal: AbortSignal;
  readonly onProgress: (read: number) => void;
}

export interface Collected {
  /** Oldest first. */
  readonly records: readonly ListedRecord[];
  /** False: there are older ones than maxExported. */
  readonly isWhole: boolean;
}

/** All events that a search finds, loaded or not. Rejects as the daemon does, and with the signal's reason. */
export async function collectEvents({ api, search, signal, onProgress }: CollectOptions): Promise<Collected> {
  const filter = filterOf(search);
  let loaded: Loaded | undefined;
  while (!loaded?.isWhole && (loaded?.records.length ?? 0) < maxExported) {
    const untilMs: number | undefined = loaded ? olderThan(loaded) : filter.untilMs;
    const narrowed = { ...filter, ...(untilMs !== undefined && { untilMs }) };
    const { records } = await api.call('audit', { filter: narrowed, limit: pageSize }, { signal });
    const page = { records, limit: pageSize };
    const before: Loaded | undefined = loaded;
    loaded = before ? withOlder(before, page, maxExported) : firstPage(page);
    if (loaded === before) break;
    onProgress(loaded.records.length);
  }
  const records = withWords(loaded?.records ?? [], search.words).reverse();
  return { records, isWhole: loaded?.isWhole ?? true };
}

/** A file's content, in pieces. */
export function exportText(records: readonly ListedRecord[], format: ExportFormat): string[] {
  if (format === 'csv') return [csvHeader, ...records.map(({ record }) => csvLine(record))];
  return records.map(({ record }) => `${recordLine(record)}\n`);
}

/** The line as it stands in its log's file: in its order and ASCII alone, so that a whole log can be verified wherever it is taken. */
export function recordLine(record: AuditRecord): string {
  const line = JSON.stringify(lineOrder(record));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON.stringify leaves of them is DEL alone.
  return line.replace(/[^\x00-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function lineOrder({ seq, prev, event, at, clipped, ...facts }: AuditRecord): AuditRecord {
  return { seq, prev, event, at, ...(clipped && { clipped }), ...facts };
}

/** sallyport-audit-2026-11-21T184412Z.csv */
export function exportName(format: ExportFormat, nowMs: number): string {
  const time = new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '');
  return `sallyport-audit-${time}Z.${format}`;
}

/** Hands a file to the browser's downloads. It never leaves this machine. */
export function saveFile(name: string, pieces: readonly string[], format: ExportFormat): void {
  const url = URL.createObjectURL(new Blob([...pieces], { type: mediaType[format] }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold of the data.
  URL.revokeObjectURL(url);
}
