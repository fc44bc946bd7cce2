import Table, { type Cell } from 'cli-table3';

export type Row = readonly (string | { readonly text: string; readonly columns: number })[];

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

/** Rows in columns with two blanks between them, without lines. A cell may reach over several columns. */
export function table(head: readonly string[], rows: readonly Row[]): string {
  const grid = new Table({
    chars: nothing,
    style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [], compact: true },
  }) as Table.GenericTable<Table.HorizontalTableRow>;
  for (const row of [head, ...rows]) {
    grid.push(row.map((cell) => (typeof cell === 'string' ? cell : spanning(cell))));
  }
  const lines = grid.toString().split('\n');
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function spanning({ text, columns }: { readonly text: string; readonly columns: number }): Cell {
  return { content: text, colSpan: columns };
}
