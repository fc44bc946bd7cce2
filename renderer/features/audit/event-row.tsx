import { TriangleAlert } from 'lucide-react';
import { memo, useEffect, useRef } from 'react';
import { factWords, isTrouble, plain } from '../../../src/client/audit-words.ts';
import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import { classNames } from '../../components/class-names.ts';
import { recordKey } from './record-pages.ts';

/** Of the heading and of every row: narrow lists have the tunnel among the facts. */
export const columns =
  'grid grid-cols-[64px_168px_minmax(104px,176px)_minmax(0,1fr)] gap-x-3 px-4 @max-[640px]:grid-cols-[60px_152px_minmax(0,1fr)]';
export const tunnelColumn = '@max-[640px]:hidden';

export interface EventRowProps {
  readonly listed: ListedRecord;
  readonly isSelected: boolean;
  /** Whether Tab leads to it. */
  readonly isEntry: boolean;
  /** Whether it takes the focus when it becomes the selected one. */
  readonly takesFocus: boolean;
  readonly onSelect: (key: string) => void;
}

/** One event on a line, in the words of `sallyport audit list`. */
export const EventRow = memo(function EventRow({
  listed,
  isSelected,
  isEntry,
  takesFocus,
  onSelect,
}: EventRowProps) {
  const { record } = listed;
  const key = recordKey(listed);
  const row = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isSelected && takesFocus) row.current?.focus({ preventScroll: true });
  }, [isSelected, takesFocus]);
  const tunnel = typeof record.tunnel === 'string' ? plain(record.tunnel) : '';
  const isBad = isTrouble(record);
  return (
    <button
      ref={row}
      type="button"
      data-row={key}
      tabIndex={isEntry ? 0 : -1}
      aria-current={isSelected}
      onClick={() => onSelect(key)}
      className={classNames(
        columns,
        'h-8 w-full items-center border-b border-line text-left outline-offset-[-2px] transition-colors',
        isSelected ? 'bg-selected' : 'hover:bg-hover',
      )}
    >
      <time dateTime={record.at} className="mono text-muted">
        {timeWords(Date.parse(record.at)).slice(11)}
      </time>
      <span className={classNames('flex min-w-0 items-center gap-1.5', isBad && 'text-waiting')}>
        <span className="truncate">{plain(record.event)}</span>
        {isBad && <TriangleAlert size={13} className="shrink-0" aria-label="trouble" />}
      </span>
      <span className={classNames('truncate font-medium', tunnelColumn)}>{tunnel}</span>
      <span className="truncate text-muted">
        {tunnel && <span className="hidden font-medium text-text @max-[640px]:inline">{`${tunnel} · `}</span>}
        {factWords(record).join(' · ')}
      </span>
    </button>
  );
});
