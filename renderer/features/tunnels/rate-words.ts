import { bytesWords } from '../../../src/client/tunnel-words.ts';

/** What went through in the last minute, by its newest second: 1.2 MiB/s. */
export function rateWords(rates: readonly number[]): string {
  return rates.length === 0 ? 'no traffic in the last minute' : `${bytesWords(rates.at(-1)!)}/s now`;
}
