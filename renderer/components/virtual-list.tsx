import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from 'react';
import { classNames } from './class-names.ts';

/** So many are there all at once, for the browser's own search. Of more only those that can be seen. */
const plainItems = 100;

export interface VirtualListProps<T> {
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string | number;
  readonly label: string;
  /** About as high as an item is; each is measured. */
  readonly estimatePx: number;
  readonly className?: string;
  readonly children: (item: T) => ReactNode;
}

/** A list within something larger that scrolls, which is marked with data-scroller. */
export function VirtualList<T>(props: VirtualListProps<T>) {
  const { items, keyOf, label, className, children } = props;
  if (items.length > plainItems) return <LongList {...props} />;
  return (
    <ol aria-label={label} className={className}>
      {items.map((item) => (
        <li key={keyOf(item)}>{children(item)}</li>
      ))}
    </ol>
  );
}

function LongList<T>({ items, keyOf, label, estimatePx, className, children }: VirtualListProps<T>) {
  const list = useRef<HTMLOListElement>(null);
  const scrollMargin = useTopWithin(list);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scrollerOf(list.current),
    estimateSize: () => estimatePx,
    getItemKey: (index) => keyOf(items[index]!),
    overscan: 10,
    scrollMargin,
  });
  return (
    <ol
      ref={list}
      aria-label={label}
      className={classNames('relative', className)}
      style={{ height: virtualizer.getTotalSize() }}
    >
      {virtualizer.getVirtualItems().map(({ key, index, start }) => (
        <li
          key={String(key)}
          ref={virtualizer.measureElement}
          data-index={index}
          aria-setsize={items.length}
          aria-posinset={index + 1}
          className="absolute inset-x-0 top-0"
          style={{ transform: `translateY(${start - scrollMargin}px)` }}
        >
          {children(items[index]!)}
        </li>
      ))}
    </ol>
  );
}

function scrollerOf(element: Element | null): HTMLElement | null {
  return element?.closest<HTMLElement>('[data-scroller]') ?? null;
}

/** How far below the top of what scrolls it begins, px: what stands above it may grow. */
function useTopWithin(list: RefObject<HTMLElement | null>): number {
  const [topPx, setTop] = useState(0);
  useLayoutEffect(() => {
    const scroller = scrollerOf(list.current);
    if (!scroller) return;
    const measure = () => {
      if (!list.current) return;
      const offsetPx = list.current.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
      setTop(Math.round(offsetPx + scroller.scrollTop));
    };
    measure();
    const observer = new ResizeObserver(measure);
    for (const part of scroller.children) observer.observe(part);
    return () => observer.disconnect();
  }, [list]);
  return topPx;
}
