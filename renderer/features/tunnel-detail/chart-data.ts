import { type Sample, samplesSpanMs } from '../../state/samples.ts';

/** Columns as uPlot takes them: the time in seconds first. null: nothing was measured then. */
export type ChartData = [number[], ...(number | null)[][]];

/** Bytes in a second from and to pods, at the end of each stretch between two samples. */
export function throughputData(samples: readonly Sample[]): ChartData {
  const rates = (field: 'receivedBytes' | 'sentBytes') =>
    samples.map((sample, index) => {
      const before = samples[index - 1];
      if (!before) return null;
      // A new daemon counts from 0 on.
      return Math.max(0, sample[field] - before[field]) / ((sample.atMs - before.atMs) / 1_000);
    });
  return [timesOf(samples), rates('receivedBytes'), rates('sentBytes')];
}

export function connectionsData(samples: readonly Sample[]): ChartData {
  return [timesOf(samples), samples.map(({ connections }) => connections), samples.map(({ held }) => held)];
}

/** Where connections were made: what is measured is of the newest, and would stand still between. The first sample has what was so before it. */
export function connectData(samples: readonly Sample[]): ChartData {
  const made = samples.filter(({ served, p50Ms }, index) => {
    const before = samples[index - 1];
    return before ? served > before.served : p50Ms !== undefined;
  });
  return [timesOf(made), made.map(({ p50Ms }) => p50Ms ?? null), made.map(({ p99Ms }) => p99Ms ?? null)];
}

/** The stretch of time that is shown, in seconds: always the same length, with the newest at its end. */
export function timeScale(samples: readonly Sample[]): [from: number, to: number] {
  const toMs = samples.at(-1)?.atMs ?? 0;
  return [(toMs - samplesSpanMs) / 1_000, toMs / 1_000];
}

/** The greatest value of the columns besides the time; 0 where there is none. */
export function peakOf([, ...columns]: ChartData): number {
  return columns.flat().reduce<number>((peak, value) => Math.max(peak, value ?? 0), 0);
}

function timesOf(samples: readonly Sample[]): number[] {
  return samples.map(({ atMs }) => atMs / 1_000);
}
