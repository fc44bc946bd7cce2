import type { ControlView } from '../../../src/client/control-view.ts';
import type { Checks } from '../../state/checks.ts';
import { wordsOf } from '../../state/search-words.ts';
import { isTrouble } from './check-outcome.ts';

/** The row of the daemon itself: no tunnel has such an id. */
export const daemonItem = 'daemon';

export interface CheckQuery {
  readonly search: string;
  readonly filter: 'all' | 'trouble';
}

const byName = new Intl.Collator(undefined, { numeric: true });

/** The daemon first, then tunnels by name. */
export function checkItems(
  tunnels: ControlView['tunnels'],
  checks: Pick<Checks, 'of'>,
  { search, filter }: CheckQuery,
): string[] {
  const words = wordsOf(search);
  const found = [...tunnels.values()]
    .filter(({ id }) => filter === 'all' || isTrouble(checks.of(id).found))
    .filter(({ id, target, namespace, cluster }) => {
      const text = [id, target, namespace, cluster?.context].join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((a, b) => byName.compare(a.name, b.name))
    .map(({ id }) => id);
  return search === '' && filter === 'all' ? [daemonItem, ...found] : found;
}

export interface CheckCounts {
  readonly tunnels: number;
  readonly checked: number;
  readonly trouble: number;
}

export function checkCounts(tunnels: ControlView['tunnels'], checks: Pick<Checks, 'of'>): CheckCounts {
  const found = [...tunnels.keys()].map((id) => checks.of(id).found);
  return {
    tunnels: found.length,
    checked: found.filter((each) => each !== undefined).length,
    trouble: found.filter(isTrouble).length,
  };
}
