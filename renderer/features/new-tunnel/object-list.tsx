import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { ClusterObject } from '../../../src/contract/control-objects.ts';
import { classNames } from '../../components/class-names.ts';
import { MiddleTruncate } from '../../components/middle-truncate.tsx';
import { guessedKind, itemKey, type ObjectItem, portsWords, readinessWords, whyNot } from './object-items.ts';

const rowPx = 40;
const groupPx = 32;

export interface ObjectListProps {
  readonly items: readonly ObjectItem[];
  readonly showsNamespace: boolean;
  readonly selected: string | undefined;
  readonly onSelect: (object: ClusterObject) => void;
}

/** Of thousands only those exist that can be seen. Up and Down move, Enter picks. */
export function ObjectList({ items, showsNamespace, selected, onSelect }: ObjectListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string>();
  const wanted = useRef<string>(undefined);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (items[index]?.kind === 'group' ? groupPx : rowPx),
    getItemKey: (index) => itemKey(items[index]!),
    overscan: 8,
  });
  const rows = items.flatMap((item, index) => (item.kind === 'object' ? [{ key: item.key, index }] : []));
  const current = [focused, selected].find((key) => rows.some((row) => row.key === key)) ?? rows[0]?.key;
  // A row that keys lead to may exist only after the list has scrolled to it.
  useEffect(() => {
    if (wanted.current === undefined || !scroller.current) return;
    if (focusRow(scroller.current, wanted.current)) wanted.current = undefined;
  });
  const keyed = (event: KeyboardEvent) => {
    const at = rows.findIndex(({ key }) => key === current);
    const step = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: 10,
      PageUp: -10,
      Home: -rows.length,
      End: rows.length,
    }[event.key];
    const next = step && rows[Math.max(0, Math.min(rows.length - 1, at + step))];
    if (!next) return;
    event.preventDefault();
    wanted.current = next.key;
    virtualizer.scrollToIndex(next.index);
    setFocused(next.key);
  };
  return (
    <div ref={scroller} className="@container min-h-0 flex-1 overflow-y-auto">
      <ul
        aria-label="What a tunnel can lead to"
        className="relative"
        onKeyDown={keyed}
        style={{ height: virtualizer.getTotalSize() }}
      >
        {virtualizer.getVirtualItems().map(({ key, index, start }) => {
          const item = items[index]!;
          return (
            <li
              key={String(key)}
              className="absolute inset-x-0 top-0"
              style={{ transform: `translateY(${start}px)` }}
            >
              {item.kind === 'group' ? (
                <h3 className="caption flex h-8 items-end gap-1.5 border-b border-line bg-ground px-4 pb-1.5">
                  {item.title}
                  {item.about && <span className="font-normal">{`· ${item.about}`}</span>}
                </h3>
              ) : (
                <ObjectRow
                  id={item.key}
                  object={item.object}
                  showsNamespace={showsNamespace}
                  isSelected={item.key === selected}
                  isCurrent={item.key === current}
                  onFocus={() => setFocused(item.key)}
                  onSelect={onSelect}
                />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function focusRow(list: HTMLElement, key: string): boolean {
  for (const row of list.querySelectorAll<HTMLElement>('[data-object]')) {
    if (row.dataset.object !== key) continue;
    row.focus({ preventScroll: true });
    return true;
  }
  return false;
}

/** From the search into the list. */
export function focusList(): void {
  const row = document.querySelector('[data-object][tabindex="0"]');
  if (row instanceof HTMLElement) row.focus();
}

interface ObjectRowProps {
  readonly id: string;
  readonly object: ClusterObject;
  readonly showsNamespace: boolean;
  readonly isSelected: boolean;
  /** Whether Tab leads to it. */
  readonly isCurrent: boolean;
  readonly onFocus: () => void;
  readonly onSelect: (object: ClusterObject) => void;
}

function ObjectRow({ id, object, showsNamespace, isSelected, isCurrent, onFocus, onSelect }: ObjectRowProps) {
  const { kind, name, namespace, ports, images, pods, database } = object;
  const why = whyNot(object);
  const guess = guessedKind(object);
  const isDown = pods !== undefined && pods.ready < pods.wanted;
  return (
    <button
      type="button"
      data-object={id}
      tabIndex={isCurrent ? 0 : -1}
      aria-current={isSelected}
      aria-disabled={why !== undefined}
      onFocus={onFocus}
      onClick={() => !why && onSelect(object)}
      className={classNames(
        'flex h-10 w-full items-center gap-3 border-b border-line px-4 text-left outline-offset-[-2px] transition-colors',
        isSelected ? 'bg-selected' : why ? 'cursor-default' : 'hover:bg-hover',
      )}
    >
      <span className="flex w-[34%] max-w-80 min-w-28 shrink-0 items-baseline gap-2">
        {!database && <span className="sr-only">{kind}</span>}
        <MiddleTruncate text={name} className={why ? 'text-muted' : 'font-medium'} />
        {showsNamespace && <span className="truncate text-sm text-muted">{namespace}</span>}
      </span>
      {database && (
        <span className="shrink-0 text-sm text-muted">
          {[kind, database.role].filter(Boolean).join(' · ')}
        </span>
      )}
      <span className="flex min-w-0 flex-1 items-baseline gap-2">
        {why ? (
          <span className="truncate text-muted">{why}</span>
        ) : (
          <>
            <span className="mono shrink-0">{portsWords(ports, 1)}</span>
            {guess && guess !== ports[0]?.name && (
              <span className="shrink-0 text-sm text-muted">{guess}</span>
            )}
            <span className="truncate text-sm text-muted @max-[560px]:hidden">{images[0]}</span>
          </>
        )}
      </span>
      {!why && (
        <span className={classNames('shrink-0 text-sm', isDown ? 'text-waiting' : 'text-muted')}>
          {readinessWords(object)}
        </span>
      )}
    </button>
  );
}
