import 'uplot/dist/uPlot.min.css';
import { useEffect, useEffectEvent, useRef } from 'react';
import uPlot from 'uplot';
import type { ChartData } from './chart-data.ts';

export interface ChartSeries {
  readonly name: string;
  readonly look: 'accent' | 'muted dashed';
  readonly steps?: boolean;
}

export interface ChartProps {
  /** What the picture says, for who cannot see it. */
  readonly label: string;
  readonly data: ChartData;
  /** Seconds since the epoch. */
  readonly scale: readonly [from: number, to: number];
  readonly series: readonly ChartSeries[];
  /** A value as the axis writes it. */
  readonly words: (value: number) => string;
  /** Distances of grid lines to choose from. */
  readonly increments: readonly number[];
  /** Which column of the data is pointed at; undefined: none. */
  readonly onPoint: (index: number | undefined) => void;
}

const heightPx = 116;
/** Charts with one key move their cursors together. */
const cursors = uPlot.sync('tunnel');

/** Lines over time on a canvas. It takes its colours from the page, also when the theme is changed. */
export function Chart(props: ChartProps) {
  const { label, data, scale } = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const create = useEffectEvent(
    (container: HTMLDivElement) => new uPlot(options(props, container), [...data], container),
  );
  useEffect(() => {
    const container = frame.current!;
    const made = create(container);
    plot.current = made;
    const resized = new ResizeObserver(() =>
      made.setSize({ width: container.clientWidth, height: heightPx }),
    );
    resized.observe(container);
    const repaint = () => made.redraw();
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', repaint);
    const themed = new MutationObserver(repaint);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener('change', repaint);
      made.destroy();
      plot.current = undefined;
    };
  }, []);
  const [from, to] = scale;
  useEffect(() => {
    plot.current?.setData([...data], false);
    plot.current?.setScale('x', { min: from, max: to });
  }, [data, from, to]);
  return (
    <div role="img" aria-label={label}>
      <div ref={frame} aria-hidden className="h-[116px] w-full overflow-hidden text-sm">
        <i data-color="accent" className="hidden text-accent" />
        <i data-color="muted" className="hidden text-muted" />
        <i data-color="line" className="hidden text-line" />
      </div>
    </div>
  );
}

function options(
  { scale, series, words, increments, onPoint }: ChartProps,
  container: HTMLDivElement,
): uPlot.Options {
  /** As the page has it now: a canvas knows no light-dark(). */
  const color = (name: 'accent' | 'muted' | 'line') => () =>
    getComputedStyle(container.querySelector(`[data-color=${name}]`)!).color;
  const font = `11px ${getComputedStyle(container).fontFamily}`;
  const axis = { stroke: color('muted'), font, ticks: { show: false } };
  return {
    width: container.clientWidth,
    height: heightPx,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false, setScale: false },
      sync: { key: cursors.key, scales: ['x', null] },
      points: { size: 5 },
    },
    scales: {
      x: { time: true, range: (_, min, max) => [min ?? scale[0], max ?? scale[1]] },
      y: { range: (_, _min, max) => [0, Math.max(increments[0]! * 2, (max ?? 0) * 1.1)] },
    },
    axes: [
      { ...axis, size: 22, space: 70, grid: { show: false }, values: (_, times) => times.map(timeOfDay) },
      {
        ...axis,
        size: 60,
        space: 28,
        incrs: [...increments],
        grid: { stroke: color('line'), width: 1 },
        values: (_, values) => values.map((value) => words(value)),
      },
    ],
    series: [
      {},
      ...series.map(
        ({ look, steps }): uPlot.Series => ({
          stroke: color(look === 'accent' ? 'accent' : 'muted'),
          width: 1.5,
          spanGaps: true,
          ...(look === 'muted dashed' && { dash: [4, 3] }),
          ...(steps && { paths: uPlot.paths.stepped!({ align: 1 }) }),
          points: { show: (_, _series, first, last) => last - first < 2, size: 4 },
        }),
      ),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? undefined)] },
  };
}

function timeOfDay(atS: number): string {
  const at = new Date(atS * 1_000);
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${pad(at.getHours())}:${pad(at.getMinutes())}`;
}
