import { plain } from '../base/plain.ts';
import { factWords, isTrouble } from '../client/audit-words.ts';
import { timeWords } from '../client/tunnel-words.ts';
import type { ListedRecord } from '../contract/audit-query.ts';
import type { Colors } from './paint.ts';

/** 2026-11-21 18:44:12 daemon 17 connection-opened user/orders-db postgres-0 · 7f3a · node-1 …: an event in one line. */
export function recordWords({ log, record }: ListedRecord, colors: Colors): string {
  const { at, seq, event, tunnel } = record;
  return [
    colors.dim(`${timeWords(Date.parse(at))} ${log} ${seq}`),
    isTrouble(record) ? colors.yellow(plain(event)) : plain(event),
    typeof tunnel === 'string' ? colors.bold(plain(tunnel)) : '',
    factWords(record).join(' · '),
  ]
    .filter(Boolean)
    .join(' ');
}
