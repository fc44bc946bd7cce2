import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';
import type { RefObject } from 'react';
import { Button } from '../../components/button.tsx';
import { SearchField } from '../../components/search-field.tsx';
import type { CheckCounts, CheckQuery } from './check-items.ts';

export interface CheckToolbarProps {
  readonly query: CheckQuery;
  readonly onChange: (query: CheckQuery) => void;
  readonly counts: CheckCounts;
  /** How many are being checked. */
  readonly left: number;
  readonly searchField: RefObject<HTMLInputElement | null>;
  readonly onLeave: () => void;
  readonly onCheckAll: () => void;
  readonly onStop: () => void;
}

const filters = [
  ['all', 'All'],
  ['trouble', 'Trouble'],
] as const;

export function CheckToolbar({
  query,
  onChange,
  counts,
  left,
  searchField,
  onLeave,
  onCheckAll,
  onStop,
}: CheckToolbarProps) {
  return (
    <div className="flex h-12 shrink-0 items-center gap-3 border-b border-line bg-surface px-3">
      <SearchField
        label="Search checks"
        value={query.search}
        onChange={(search) => onChange({ ...query, search })}
        field={searchField}
        onLeave={onLeave}
      />
      <ToggleGroup
        aria-label="Show"
        value={[query.filter]}
        onValueChange={([filter]) => onChange({ ...query, filter: filter === 'trouble' ? filter : 'all' })}
        className="flex shrink-0 gap-0.5"
      >
        {filters.map(([filter, name]) => (
          <Toggle
            key={filter}
            value={filter}
            className="flex h-7 items-center gap-1.5 rounded px-2 whitespace-nowrap text-muted transition-colors hover:bg-hover data-[pressed]:bg-selected data-[pressed]:text-text"
          >
            {name}
            {filter === 'trouble' && counts.trouble > 0 && (
              <span className="font-semibold text-needs">{counts.trouble}</span>
            )}
          </Toggle>
        ))}
      </ToggleGroup>
      <span role="status" className="shrink-0 text-muted tabular-nums max-[959px]:sr-only">
        {left > 0
          ? `${left} to go`
          : counts.checked > 0
            ? `${counts.checked} of ${counts.tunnels} checked`
            : ''}
      </span>
      {left > 0 ? (
        <Button onClick={onStop}>Stop</Button>
      ) : (
        <Button disabled={counts.tunnels === 0} onClick={onCheckAll}>
          Check all
        </Button>
      )}
    </div>
  );
}
