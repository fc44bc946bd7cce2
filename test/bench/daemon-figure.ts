import { median } from './statistics.ts';

/** One line of the table. With a limit the value has to stay at it or below. */
export interface Figure {
  readonly title: string;
  readonly value: number;
  readonly limit?: number;
}

/** Their middle and their worst; the limit is for each of them. */
export function spread(title: string, values: readonly number[], limit?: number): Figure[] {
  const bounded = limit === undefined ? {} : { limit };
  return [
    { title: `${title}, median of ${values.length}`, value: median(values), ...bounded },
    { title: `${title}, max`, value: Math.max(...values), ...bounded },
  ];
}

export function lineOf({ title, value, limit }: Figure): string {
  const goal = limit === undefined ? '' : `<= ${limit} ${value <= limit ? 'ok' : 'MISSED'}`;
  return `${title.padEnd(92)} ${String(rounded(value)).padStart(8)}  ${goal}`.trimEnd();
}

function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 10) / 10;
}
