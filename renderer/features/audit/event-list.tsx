import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import { classNames } from '../../components/class-names.ts';
import { useNow } from '../../state/app-state.ts';
import { dayWords, type EventItem, itemKey } from './event-items.ts';
import { columns, EventRow, tunnelColumn } from './event-row.tsx';

const rowPx = 32;
const endPx = 56;
/** Older events are asked for before the last one that is loaded comes into sight. */
const aheadRows = 40;

export interface EventListProps {
  readonly items: readonly EventItem[];
  readonly selected: string | undefined;
  readonly isByKeys: boolean;
  readonly onSelect: (key: string) => void;
  /** Whether the newest one is in sight. */
  readonly onTop: (isAtTop: boolean) => void;
  readonly onNearEnd: () => void;
  /** What comes after the last one. */
  readonly end: ReactNode;
}

/** Days and events, of which only those exist that can be seen. */
export function EventList({ items, selected, isByKeys, onSelect, onTop, onNearEnd, end }: EventListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length + 1,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (index < items.length ? rowPx : endPx),
    getItemKey: (index) => (index < items.length ? itemKey(items[index]!) : 'end'),
    overscan: 8,
  });
  const at = items.findIndex((item) => item.kind === 'event' && itemKey(item) === selected);
  const scrollToSelected = useRef(() => {});
  scrollToSelected.current = () => {
    if (at < 0) return;
    if (items[at - 1]?.kind === 'day') virtualizer.scrollToIndex(at - 1);
    virtualizer.scrollToIndex(at);
  };
  // Only when another one is chosen: what comes in above must not pull the list away from who reads it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the choice is what it follows.
  useEffect(() => scrollToSelected.current(), [selected]);
  // What comes in the place of this list, another one or none, begins at its top.
  useEffect(() => () => onTop(true), [onTop]);
  const shown = virtualizer.getVirtualItems();
  const isNearEnd = (shown.at(-1)?.index ?? 0) > items.length - aheadRows;
  // As often as it takes: a page may bring fewer than fill the sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page is a reason to look again.
  useEffect(() => {
    if (isNearEnd) onNearEnd();
  }, [isNearEnd, onNearEnd, items.length]);
  const entry = at >= 0 ? at : items.findIndex(({ kind }) => kind === 'event');
  return (
    <div className="@container flex min-h-0 flex-1 flex-col bg-surface">
      <div
        aria-hidden
        className={classNames(columns, 'caption shrink-0 border-b border-line bg-ground py-1')}
      >
        <span>Time</span>
        <span>Event</span>
        <span className={tunnelColumn}>Tunnel</span>
        <span>What</span>
      </div>
      <div
        ref={scroller}
        onScroll={({ currentTarget }) => onTop(currentTarget.scrollTop < rowPx)}
        className="min-h-0 flex-1 overflow-y-auto"
      >
        <ul aria-label="Events" className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {shown.map(({ key, index, start }) => {
            const item = items[index];
            return (
              <li
                key={String(key)}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${start}px)` }}
              >
                {!item ? (
                  end
                ) : item.kind === 'day' ? (
                  <DayHeading day={item.day} />
                ) : (
                  <EventRow
                    listed={item.listed}
                    isSelected={index === at}
                    isEntry={index === entry}
                    takesFocus={isByKeys}
                    onSelect={onSelect}
                  />
                )}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

function DayHeading({ day }: { readonly day: string }) {
  const nowMs = useNow();
  return (
    <h2 className="caption flex h-8 items-end border-b border-line bg-ground px-4 pb-1.5">
      {dayWords(day, nowMs)}
    </h2>
  );
}
