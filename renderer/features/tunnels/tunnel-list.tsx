import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useRef } from 'react';
import { itemKey, type ListItem } from './list-items.ts';
import { TunnelRow } from './tunnel-row.tsx';

const rowPx = 40;
const groupPx = 32;

export interface TunnelListProps {
  readonly items: readonly ListItem[];
  readonly selected: string | undefined;
  /** Whether the selected row takes the focus: keys brought it there. */
  readonly isByKeys: boolean;
  readonly onSelect: (id: string) => void;
  readonly onPrimary: (id: string) => void;
}

/** Groups and rows, of which only those exist that can be seen. */
export const TunnelList = memo(function TunnelList({
  items,
  selected,
  isByKeys,
  onSelect,
  onPrimary,
}: TunnelListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (items[index]?.kind === 'group' ? groupPx : rowPx),
    // Another function would have all items placed anew with each scroll.
    getItemKey: useCallback((index: number) => itemKey(items[index]!), [items]),
    overscan: 8,
  });
  const at = items.findIndex((item) => item.kind === 'tunnel' && item.id === selected);
  const scrollToSelected = useRef(() => {});
  scrollToSelected.current = () => {
    if (at < 0) return;
    // The heading comes along with the first row of its group.
    if (items[at - 1]?.kind === 'group') virtualizer.scrollToIndex(at - 1);
    virtualizer.scrollToIndex(at);
  };
  const isListed = at >= 0;
  // Only when another one is chosen, or it comes into the list: rows that move must not pull the list away from who reads it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the choice is what it follows.
  useEffect(() => scrollToSelected.current(), [selected, isListed]);
  return (
    <div ref={scroller} className="@container min-h-0 flex-1 overflow-y-auto bg-surface">
      <ul aria-label="Tunnels" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ key, index, start }) => {
          const item = items[index]!;
          return (
            <li
              key={String(key)}
              className={`absolute inset-x-0 top-0 contain-strict ${item.kind === 'group' ? 'h-8' : 'h-10'}`}
              style={{ transform: `translateY(${start}px)` }}
            >
              {item.kind === 'group' ? (
                <GroupHeading {...item} />
              ) : (
                <TunnelRow
                  id={item.id}
                  isSelected={item.id === selected}
                  takesFocus={isByKeys}
                  onSelect={onSelect}
                  onPrimary={onPrimary}
                />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
});

function GroupHeading({ title, environment }: Extract<ListItem, { kind: 'group' }>) {
  return (
    <h2 className="caption flex h-8 items-end gap-1.5 border-b border-line bg-ground px-4 pb-1.5">
      {title}
      {environment && (
        <span className={environment === 'production' ? 'text-production' : undefined}>
          {`· ${environment}`}
        </span>
      )}
    </h2>
  );
}
