import { type Network, type Subject, subjects } from './route.ts';
import type { Figure, Goal } from './row.ts';
import { median } from './statistics.ts';

/** All values of one figure on one network, by subject, in the order in which they were measured. */
export interface Series {
  readonly network: Network;
  readonly figure: Figure;
  readonly values: Readonly<Partial<Record<Subject, readonly number[]>>>;
}

export interface Line {
  readonly network: Network;
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  /** Medians; null where it could not be had. */
  readonly medians: Readonly<Partial<Record<Subject, number | null>>>;
  /** Ours to the better of kubectl's; null where one is missing. */
  readonly ratio: number | null;
  readonly goal: string;
  readonly met: boolean | null;
}

export function lineOf(series: Series): Line {
  const { network, figure, values } = series;
  const medians = Object.fromEntries(
    subjects.map((subject) => [
      subject,
      numberOrNull(median((values[subject] ?? []).filter(Number.isFinite))),
    ]),
  ) as Line['medians'];
  const goal = figure.goal[network];
  const ours = medians.sallyport ?? null;
  const theirs = bestOf(figure, [medians['kubectl-spdy'] ?? null, medians['kubectl-websocket'] ?? null]);
  return {
    network,
    key: figure.key,
    title: figure.title,
    unit: figure.unit,
    medians,
    ratio: ours === null || theirs === null ? null : numberOrNull(ours / theirs),
    goal: goalText(figure, goal),
    met: isMet(series, { ours, theirs, direct: medians.direct ?? null }),
  };
}

export function table(lines: readonly Line[]): string {
  const head = ['', ...subjects, 'to kubectl', 'goal', ''];
  const body = lines.map((line) => [
    `${line.title}${line.unit ? `, ${line.unit}` : ''}${line.network === 'far' ? ' (far)' : ''}`,
    ...subjects.map((subject) => shown(line.medians[subject] ?? null)),
    line.ratio === null ? '–' : `${shown(line.ratio)} x`,
    line.goal,
    line.met === null ? '' : line.met ? 'met' : 'MISSED',
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => cells[column]!.length)));
  const padded = [head, ...body].map((cells) =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  return `${padded.join('\n')}\n`;
}

/** null: there is no goal, or ours was not measured. A figure of ours that could not be had misses its goal. */
function isMet(
  { figure, network, values }: Series,
  { ours, theirs, direct }: Readonly<Record<'ours' | 'theirs' | 'direct', number | null>>,
): boolean | null {
  const goal = figure.goal[network];
  if (goal.kind === 'none' || !values.sallyport) return null;
  const limit = limitFor(goal, { theirs, direct });
  // Where kubectl has no figure at all, any of ours is better.
  if (limit === null || ours === null) return ours !== null;
  return figure.better === 'lower' ? ours <= limit : ours >= limit;
}

function limitFor(
  goal: Exclude<Goal, { kind: 'none' }>,
  { theirs, direct }: Readonly<Record<'theirs' | 'direct', number | null>>,
): number | null {
  switch (goal.kind) {
    case 'absolute':
      return goal.limit;
    case 'direct':
      return direct;
    case 'bestKubectl':
      return theirs === null ? null : goal.times * theirs;
  }
}

function goalText({ better }: Figure, goal: Goal): string {
  const sign = better === 'lower' ? '<=' : '>=';
  switch (goal.kind) {
    case 'bestKubectl':
      return `${sign} ${goal.times} x kubectl`;
    case 'direct':
      return `${sign} direct`;
    case 'absolute':
      return `${sign} ${goal.limit}`;
    case 'none':
      return '';
  }
}

function bestOf({ better }: Figure, values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  return better === 'lower' ? Math.min(...known) : Math.max(...known);
}

function numberOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** One line while the rest is still being measured. */
export function progress({ network, title, unit, medians }: Line): string {
  const parts = subjects.map((subject) => `${subject} ${shown(medians[subject] ?? null)}`);
  return `${network}: ${title}${unit && `, ${unit}`}: ${parts.join(', ')}\n`;
}

/** Three digits that count. */
function shown(value: number | null): string {
  if (value === null) return '–';
  if (value === 0 || Math.abs(value) >= 100) return String(Math.round(value));
  return value.toPrecision(3);
}
