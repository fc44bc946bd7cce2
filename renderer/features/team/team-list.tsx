import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import type { ListedProfile, ListedSource } from '../../../src/contract/profile-snapshot.ts';
import { ProblemRow } from './problem-row.tsx';
import { ProfileRow } from './profile-row.tsx';
import { PendingProfileRow, PendingRow, SourceRow } from './source-rows.tsx';
import type { TeamActions } from './team-actions.ts';
import { itemKey, type TeamItem } from './team-items.ts';

const rowPx = 40;

export interface TeamListProps {
  readonly items: readonly TeamItem[];
  readonly actions: TeamActions;
  readonly onAgreeAll: (source: ListedSource, asks: readonly ListedProfile[]) => void;
  readonly onRemove: (source: ListedSource) => void;
}

/** Sources with their profiles, of which only those rows exist that can be seen. */
export function TeamList({ items, actions, onAgreeAll, onRemove }: TeamListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => itemKey(items[index]!, index),
    overscan: 8,
  });
  const toggle = (id: string) =>
    setToggled((ids) =>
      ids.has(id) ? new Set([...ids].filter((other) => other !== id)) : new Set(ids).add(id),
    );
  const row = (item: TeamItem) => {
    switch (item.kind) {
      case 'source':
        return (
          <SourceRow
            item={item}
            actions={actions}
            onAgreeAll={() => onAgreeAll(item.source, item.asks)}
            onRemove={() => onRemove(item.source)}
          />
        );
      case 'pending':
        return <PendingRow item={item} actions={actions} />;
      case 'pending-profile':
        return <PendingProfileRow item={item} />;
      case 'profile': {
        const { profile } = item;
        // What changed is there to be read; a click on any row turns it.
        const isOpen = (profile.trust.kind === 'changed') !== toggled.has(profile.id);
        return (
          <ProfileRow
            profile={profile}
            isOpen={isOpen}
            onToggle={() => toggle(profile.id)}
            actions={actions}
          />
        );
      }
      case 'problems':
        return <h2 className="caption border-b border-line bg-ground px-4 pt-5 pb-1.5">Problems in files</h2>;
      case 'problem':
        return <ProblemRow problem={item.problem} isPending={item.commit !== undefined} mends={item.mends} />;
    }
  };
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto bg-surface">
      <ul
        aria-label="Sources and profiles"
        className="relative"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map(({ key, index, start }) => (
          <li
            key={String(key)}
            ref={virtualizer.measureElement}
            data-index={index}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${start}px)` }}
          >
            {row(items[index]!)}
          </li>
        ))}
      </ul>
    </div>
  );
}
