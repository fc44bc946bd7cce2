import Table from 'cli-table3';

/** What a row ends with: it begins in its column, reaches as far as it does, and makes no column wider. */
export interface Rest {
  readonly rest: string;
}

export type Row = readonly (string | Rest)[];

/** Holds the place of a rest while columns are measured: one column wide, and in no text (private use area). */
const mark = '\uE000';

const nothing = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/** Rows in columns with two blanks between them, without lines. */
export function table(head: readonly string[], rows: readonly Row[]): string {
  const grid = new Table({
    chars: nothing,
    style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [], compact: true },
  }) as Table.GenericTable<Table.HorizontalTableRow>;
  for (const row of [head, ...rows]) grid.push(row.map((cell) => (typeof cell === 'string' ? cell : mark)));
  const rests = rows.flat().filter((cell) => typeof cell !== 'string');
  const text = grid.toString().replaceAll(mark, () => (rests.shift()?.rest ?? '').replaceAll(/\s+/g, ' '));
  const lines = text.split('\n');
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
