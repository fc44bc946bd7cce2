import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { CheckRow } from './check-row.tsx';

const rowPx = 40;

export interface CheckListProps {
  readonly items: readonly string[];
  readonly selected: string;
  readonly isByKeys: boolean;
  readonly onSelect: (id: string) => void;
}

/** Rows, of which only those exist that can be seen. */
export function CheckList({ items, selected, isByKeys, onSelect }: CheckListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => items[index]!,
    overscan: 8,
  });
  const at = items.indexOf(selected);
  useEffect(() => {
    if (at >= 0) virtualizer.scrollToIndex(at);
  }, [at, virtualizer]);
  return (
    <div ref={scroller} className="@container min-h-0 flex-1 overflow-y-auto bg-surface">
      <ul aria-label="Checks" className="relative" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map(({ key, index, start }) => (
          <li
            key={String(key)}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${start}px)` }}
          >
            <CheckRow
              id={items[index]!}
              isSelected={index === at}
              takesFocus={isByKeys}
              onSelect={onSelect}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}
