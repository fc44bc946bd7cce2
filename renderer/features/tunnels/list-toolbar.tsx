import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import { Plus } from 'lucide-react';
import type { RefObject } from 'react';
import { buttonClass } from '../../components/button.tsx';
import { SearchField } from '../../components/search-field.tsx';
import { useView } from '../../state/app-state.ts';
import { routeHash } from '../../state/route.ts';
import { countByFilter, type ListQuery, type StateFilter, stateFilters } from './list-items.ts';

const names: Record<StateFilter, string> = {
  all: 'All',
  ready: 'Ready',
  waiting: 'Waiting',
  'needs you': 'Needs you',
};

export interface ListToolbarProps {
  readonly query: ListQuery;
  readonly hasFilters: boolean;
  readonly onChange: (query: ListQuery) => void;
  readonly searchField: RefObject<HTMLInputElement | null>;
  /** Down from the search: into the list. */
  readonly onLeave: () => void;
}

export function ListToolbar({ query, hasFilters, onChange, searchField, onLeave }: ListToolbarProps) {
  return (
    <div className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-surface px-3 py-2">
      <div className="flex min-w-32 flex-1">
        <SearchField
          label="Search tunnels"
          value={query.search}
          onChange={(search) => onChange({ ...query, search })}
          field={searchField}
          onLeave={onLeave}
        />
      </div>
      {hasFilters && <Filters query={query} onChange={onChange} />}
      <a className={buttonClass()} href={routeHash({ view: 'new' })} aria-label="New tunnel">
        <Plus size={14} aria-hidden />
        <span className="max-[479px]:hidden">New</span>
      </a>
    </div>
  );
}

function Filters({ query, onChange }: Pick<ListToolbarProps, 'query' | 'onChange'>) {
  const counts = useView(
    ({ tunnels }) => countByFilter(tunnels),
    (a, b) => stateFilters.every((filter) => a[filter] === b[filter]),
  );
  return (
    <ToggleGroup
      aria-label="Show"
      value={[query.filter]}
      onValueChange={([filter]) => onChange({ ...query, filter: (filter as StateFilter) ?? 'all' })}
      className="flex min-w-0 flex-wrap gap-0.5"
    >
      {stateFilters.map((filter) => (
        <Toggle
          key={filter}
          value={filter}
          className="flex h-7 items-center gap-1.5 rounded px-2 whitespace-nowrap text-muted transition-colors hover:bg-hover data-[pressed]:bg-selected data-[pressed]:text-text"
        >
          {names[filter]}
          {counts && counts[filter] > 0 && (
            <span className={filter === 'needs you' ? 'font-semibold text-needs' : 'text-muted'}>
              {counts[filter]}
            </span>
          )}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
