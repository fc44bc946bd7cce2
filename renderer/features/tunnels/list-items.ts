import type { ControlView } from '../../../src/client/control-view.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { wordsOf } from '../../state/search-words.ts';

export const stateFilters = ['all', 'ready', 'waiting', 'needs you'] as const;
export type StateFilter = (typeof stateFilters)[number];

export interface ListQuery {
  readonly search: string;
  readonly filter: StateFilter;
}

export type ListItem =
  | {
      readonly kind: 'group';
      readonly title: string;
      readonly environment?: TunnelEntity['environment'];
    }
  | { readonly kind: 'tunnel'; readonly id: string };

const environments = ['production', 'staging', 'development', undefined] as const;
const byName = new Intl.Collator(undefined, { numeric: true });

/** The list as it stands on the screen: what needs the user first, then group by group, in each by environment and name. */
export function listItems(
  { tunnels, profiles }: Pick<ControlView, 'tunnels' | 'profiles'>,
  query: ListQuery,
): ListItem[] {
  const words = wordsOf(query.search);
  const found = [...tunnels.values()]
    .filter((tunnel) => passes(tunnel, query.filter) && isFound(tunnel, words))
    .sort((a, b) => byName.compare(a.name, b.name));
  const needy = found.filter(({ shown }) => shown === 'needs you');
  const items: ListItem[] = section({ title: 'Needs you' }, needy);
  const groupOf = new Map<string, string>();
  for (const { name, members } of profiles.groups)
    for (const id of members) if (!groupOf.has(id)) groupOf.set(id, name);
  const groups = new Map<string, TunnelEntity[]>();
  for (const { name } of profiles.groups) groups.set(name, []);
  for (const tunnel of found) {
    if (tunnel.shown === 'needs you') continue;
    const title = groupOf.get(tunnel.id) ?? originTitle(tunnel);
    const members = groups.get(title);
    if (members) members.push(tunnel);
    else groups.set(title, [tunnel]);
  }
  for (const [title, members] of groups) {
    for (const environment of environments) {
      const here = members.filter((tunnel) => tunnel.environment === environment);
      items.push(...section({ title, environment }, here));
    }
  }
  return items;
}

export function isSameList(a: readonly ListItem[], b: readonly ListItem[]): boolean {
  return a.length === b.length && a.every((item, index) => itemKey(item) === itemKey(b[index]!));
}

export function itemKey(item: ListItem): string {
  return item.kind === 'tunnel' ? item.id : `${item.title}\n${item.environment ?? ''}`;
}

/** How many there are for each filter, whatever is searched for. */
export function countByFilter(tunnels: ControlView['tunnels']): Record<StateFilter, number> {
  const counts = { all: 0, ready: 0, waiting: 0, 'needs you': 0 };
  for (const tunnel of tunnels.values())
    for (const filter of stateFilters) if (passes(tunnel, filter)) counts[filter]++;
  return counts;
}

function section(
  { title, environment }: { readonly title: string; readonly environment?: TunnelEntity['environment'] },
  tunnels: readonly TunnelEntity[],
): ListItem[] {
  if (tunnels.length === 0) return [];
  const group: ListItem = { kind: 'group', title, ...(environment && { environment }) };
  return [group, ...tunnels.map(({ id }): ListItem => ({ kind: 'tunnel', id }))];
}

function passes({ shown }: TunnelEntity, filter: StateFilter): boolean {
  if (filter === 'all') return true;
  if (filter === 'waiting') return shown === 'waiting' || shown === 'connecting';
  return shown === filter;
}

function isFound(tunnel: TunnelEntity, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { name, id, description, target, namespace, environment, localPort, cluster, state, kind } = tunnel;
  const pod = 'pod' in state ? state.pod?.name : undefined;
  const text = [name, id, description, target, namespace, environment, localPort, cluster?.context, pod, kind]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function originTitle({ origin }: TunnelEntity): string {
  if (origin.kind === 'ad-hoc') return 'Ad hoc';
  if (origin.sourceKind === 'user') return 'Your profiles';
  // A project's source is its file's path.
  if (origin.sourceKind === 'project') return origin.source.split(/[\\/]/).slice(-2)[0] ?? origin.source;
  return origin.source;
}
