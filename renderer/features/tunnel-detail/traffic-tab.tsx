import { useMemo, useState } from 'react';
import { formatDuration } from '../../../src/base/duration.ts';
import { bytesWords, count, timeWords } from '../../../src/client/tunnel-words.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { Section } from '../../components/section.tsx';
import { useSamples } from '../../state/app-state.ts';
import type { Sample } from '../../state/samples.ts';
import { Chart, type ChartSeries } from './chart.tsx';
import {
  type ChartData,
  connectData,
  connectionsData,
  peakOf,
  throughputData,
  timeScale,
} from './chart-data.ts';

/** What went through it in the last ten minutes, as far as this window has seen them. */
export default function TrafficTab({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const samples = useSamples(tunnel.id);
  if (samples.length < 2)
    return (
      <p className="text-muted">
        {tunnel.wanted === 'on'
          ? 'The first figures come in a few seconds.'
          : 'It was not up while this window was open.'}
      </p>
    );
  return <Charts key={tunnel.id} tunnel={tunnel} samples={samples} />;
}

const powers = (base: number, steps: readonly number[], count: number) =>
  Array.from({ length: count }, (_, power) => steps.map((step) => step * base ** power)).flat();
const byteIncrements = powers(1_024, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], 5).slice(3);
const countIncrements = powers(10, [1, 2, 5], 5);
const timeIncrements = powers(10, [0.1, 0.2, 0.5], 8);

const rate = (value: number | null | undefined) => `${bytesWords(value ?? 0)}/s`;
const axisBytes = (value: number) => (value === 0 ? '0' : bytesWords(value));
const whole = (value: number) => (Number.isInteger(value) ? String(value) : '');

function Charts({ tunnel, samples }: { readonly tunnel: TunnelEntity; readonly samples: readonly Sample[] }) {
  const scale = timeScale(samples);
  const throughput = useMemo(() => throughputData(samples), [samples]);
  const connections = useMemo(() => connectionsData(samples), [samples]);
  const connect = useMemo(() => connectData(samples), [samples]);
  const { connectTimes } = tunnel;
  return (
    <div className="flex flex-col gap-5">
      <TimeChart
        title="Throughput"
        data={throughput}
        scale={scale}
        series={[
          { name: 'received', look: 'accent' },
          { name: 'sent', look: 'muted dashed' },
        ]}
        words={axisBytes}
        say={rate}
        increments={byteIncrements}
        aside={`peak ${rate(peakOf(throughput))}`}
      />
      <TimeChart
        title="Connections"
        data={connections}
        scale={scale}
        series={[
          { name: 'open', look: 'accent', steps: true },
          { name: 'held', look: 'muted dashed', steps: true },
        ]}
        words={whole}
        say={(value) => String(value ?? 0)}
        increments={countIncrements}
        aside={`${tunnel.traffic.served} served`}
      />
      <TimeChart
        title="Time to connect"
        data={connect}
        scale={scale}
        series={[
          { name: 'median', look: 'accent' },
          { name: 'p99', look: 'muted dashed' },
        ]}
        words={formatTime}
        say={(value) => (value === null || value === undefined ? '–' : formatTime(value))}
        increments={timeIncrements}
        aside={connectTimes && `of the last ${count(connectTimes.samples, 'connection')}`}
      />
      <p className="text-sm text-muted">
        {`The way into the pod, without the time that a connection was held. Seen by this window since ${timeWords(samples[0]!.atMs).slice(11)}.`}
      </p>
    </div>
  );
}

interface TimeChartProps {
  readonly title: string;
  readonly data: ChartData;
  readonly scale: readonly [number, number];
  readonly series: readonly ChartSeries[];
  readonly words: (value: number) => string;
  readonly say: (value: number | null | undefined) => string;
  readonly increments: readonly number[];
  readonly aside: string | undefined;
}

/** A chart under what it says at the time that is pointed at, else now. */
function TimeChart({ title, data, scale, series, words, say, increments, aside }: TimeChartProps) {
  const [pointed, setPointed] = useState<number>();
  const at = pointed ?? data[0].length - 1;
  const said = series.map(({ name }, index) => `${say(data[index + 1]?.[at])} ${name}`);
  return (
    <Section
      title={title}
      aside={
        <span className="text-sm text-muted">
          {pointed === undefined || data[0][at] === undefined
            ? aside
            : `at ${timeWords(data[0][at] * 1_000).slice(11)}`}
        </span>
      }
    >
      <p className="flex flex-wrap gap-x-4">
        {said.map((text, index) => (
          <span key={series[index]!.name} className="flex items-center gap-1.5">
            <Swatch look={series[index]!.look} />
            {text}
          </span>
        ))}
      </p>
      <Chart
        label={`${title} in the last ten minutes. Now ${said.join(', ')}${aside ? `; ${aside}` : ''}.`}
        data={data}
        scale={scale}
        series={series}
        words={words}
        increments={increments}
        onPoint={setPointed}
      />
    </Section>
  );
}

/** How its line is drawn. */
function Swatch({ look }: Pick<ChartSeries, 'look'>) {
  return (
    <svg
      viewBox="0 0 14 4"
      aria-hidden
      className={`h-1 w-3.5 ${look === 'accent' ? 'text-accent' : 'text-muted'}`}
    >
      <path
        d="M0 2h14"
        className="stroke-current"
        strokeWidth="2"
        strokeDasharray={look === 'accent' ? undefined : '4 3'}
      />
    </svg>
  );
}

/** Of a few milliseconds the tenths matter. */
function formatTime(ms: number): string {
  return ms > 0 && ms < 10 ? `${ms.toFixed(1)} ms` : formatDuration(ms);
}
