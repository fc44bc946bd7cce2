import type { ClusterApi } from '../support/cluster-api.ts';
import type { Network, Route, RouteOptions } from './route.ts';
import { median } from './statistics.ts';

/** How a figure of ours has to stand. bestKubectl: that many times the better of kubectl's carriers. direct: as without any forwarder. */
export type Goal =
  | { readonly kind: 'bestKubectl'; readonly times: number }
  | { readonly kind: 'direct' }
  | { readonly kind: 'absolute'; readonly limit: number }
  | { readonly kind: 'none' };

export interface Figure {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly goal: Readonly<Record<Network, Goal>>;
}

interface Effort {
  /** Divides what is repeated or moved. 1 is the full measure. */
  readonly divisor: number;
}

export interface Measuring {
  readonly network: Network;
  readonly effort: Effort;
  readonly api: ClusterApi;
  /** Options for a route of the row's own, to the test server or the database. */
  readonly net: RouteOptions;
  readonly database: RouteOptions;
  /** The subject's lasting route to the test server and the database. */
  lasting(): Promise<Route>;
  lastingDatabase(): Promise<Route>;
}

export interface Row {
  readonly key: string;
  readonly figures: readonly Figure[];
  /** Whether the direct way can be measured at all. */
  readonly direct: boolean;
  /** Only ours is measured: against itself. */
  readonly ownAlone?: true;
  /** Measured once, on loopback: it counts and does not time. */
  readonly once?: true;
  /** One measure of one subject; a figure that is not a number could not be had. */
  measure(given: Measuring): Promise<Readonly<Record<string, number>>>;
}

export const none: Goal = { kind: 'none' };
export const kubectlTimes = (times: number): Goal => ({ kind: 'bestKubectl', times });
/** At most, or for a figure that is better when higher, at least. */
export const limitOf = (limit: number): Goal => ({ kind: 'absolute', limit });

/** How often or how much, by the effort asked for. */
export const sized = ({ effort }: Measuring, full: number) => Math.max(1, Math.round(full / effort.divisor));

interface FigureOptions {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
  readonly better?: 'lower' | 'higher';
  readonly loopback: Goal;
  readonly far?: Goal;
}

export function figure({ key, title, unit, better = 'lower', loopback, far = none }: FigureOptions): Figure {
  return { key, title, unit, better, goal: { loopback, far } };
}

/** The median of a figure taken so many times. */
export async function repeated(times: number, once: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let index = 0; index < times; index++) values.push(await once());
  return median(values);
}
