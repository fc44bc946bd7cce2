import { csvHeader, csvLine } from '../contract/audit-csv.ts';
import type { ReadRecord } from './read-records.ts';

/** One JSON array, an event a line. */
export async function* exportJson(records: AsyncIterable<ReadRecord>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const { line } of records) {
    yield `${separator}${line}`;
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

/** With a header. */
export async function* exportCsv(records: AsyncIterable<ReadRecord>): AsyncGenerator<string> {
  yield csvHeader;
  for await (const { record } of records) yield csvLine(record);
}
