import { type ReactNode, useEffect, useRef } from 'react';
import { classNames } from './class-names.ts';
import { MiddleTruncate } from './middle-truncate.tsx';

export interface ListRowProps {
  readonly id: string;
  readonly name: string;
  /** What its button is called, where that is more than the name. */
  readonly spoken?: string;
  /** Before the name, at most 16 px wide. */
  readonly mark: ReactNode;
  readonly isSelected: boolean;
  /** Whether it takes the focus when it becomes the selected one. */
  readonly takesFocus: boolean;
  readonly onSelect: (id: string) => void;
  /** After the name. What can be pressed by itself is `relative`, so that it lies above the row's button. */
  readonly children: ReactNode;
}

/** A named row of a list, 40 px high, of which all selects: its button lies over the whole of it. */
export function ListRow(props: ListRowProps) {
  const { id, name, spoken = name, mark, isSelected, takesFocus, onSelect, children } = props;
  const main = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isSelected && takesFocus) main.current?.focus({ preventScroll: true });
  }, [isSelected, takesFocus]);
  return (
    <div
      className={classNames(
        'relative flex h-10 items-center gap-3 border-b border-line pr-2 pl-4 transition-colors [--name:clamp(96px,30cqw,288px)]',
        isSelected ? 'bg-selected' : 'hover:bg-hover',
      )}
    >
      <button
        ref={main}
        type="button"
        data-row={id}
        tabIndex={isSelected ? 0 : -1}
        aria-current={isSelected}
        onClick={() => onSelect(id)}
        className="absolute inset-0 flex items-center rounded-sm pl-11 text-left font-medium outline-offset-[-2px]"
      >
        <span className="sr-only">{spoken}</span>
        {/* Within the button: its tooltip wants the pointer, and what it takes would be lost to the row. */}
        <span aria-hidden className="flex w-(--name)">
          <MiddleTruncate text={name} />
        </span>
      </button>
      <span className="flex w-4 shrink-0">{mark}</span>
      <span aria-hidden className="w-(--name) shrink-0" />
      {children}
    </div>
  );
}
