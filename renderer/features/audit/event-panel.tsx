import { X } from 'lucide-react';
import { plain } from '../../../src/client/audit-words.ts';
import { timeWords } from '../../../src/client/tunnel-words.ts';
import type { ListedRecord } from '../../../src/contract/audit-query.ts';
import { CopyTextButton } from '../../components/copy-text-button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fact, Facts } from '../../components/facts.tsx';
import { IconButton } from '../../components/icon-button.tsx';
import { type ExactFilter, isNarrowedTo } from './audit-search.ts';
import { type EventFact, eventChanges, eventError, eventFacts } from './event-facts.ts';
import { lineOrder, recordLine } from './export-events.ts';
import { recordKey } from './record-pages.ts';

export interface EventPanelProps {
  readonly listed: ListedRecord;
  /** What narrows the list already. */
  readonly exact: ExactFilter;
  /** Narrows the list to what shares a fact. */
  readonly onOnly: (only: ExactFilter) => void;
  readonly onClose: () => void;
}

/** All of one event: what it says, what failed, what changed, and the line itself. */
export function EventPanel({ listed, exact, onOnly, onClose }: EventPanelProps) {
  const { log, record } = listed;
  const { at, seq, clipped } = record;
  const event = plain(record.event);
  const error = eventError(record);
  return (
    <section
      aria-label={event}
      className="flex min-h-0 flex-col gap-4 overflow-y-auto border-line bg-surface p-4 max-[959px]:border-t min-[960px]:border-l"
    >
      <header className="flex flex-col gap-1">
        <div className="flex items-center gap-1">
          <h2 className="min-w-0 flex-1 text-lg font-semibold wrap-anywhere">{event}</h2>
          <IconButton icon={X} label="Close the panel" keys="Esc" onClick={onClose} />
        </div>
        <p>
          <time dateTime={at}>{timeWords(Date.parse(at))}</time>
          <span className="mono ml-2 text-muted">{at}</span>
        </p>
        <p className="text-muted">{`Line ${seq} of the log ${log}`}</p>
      </header>
      {error && <ErrorNote error={error} />}
      <Facts>
        {eventFacts(record).map((fact) => (
          <Fact key={fact.name + fact.value} name={fact.name}>
            <FactValue fact={fact} exact={exact} onOnly={onOnly} />
          </Fact>
        ))}
      </Facts>
      <Changes listed={listed} />
      {clipped && <p className="text-muted">Texts were shortened to make the line fit.</p>}
      <div className="flex flex-col gap-2">
        <div className="flex items-center justify-between">
          <h3 className="caption">The line</h3>
          <CopyTextButton
            copied={{ of: recordKey(listed), what: 'line' }}
            label="Copy"
            text={recordLine(record)}
          />
        </div>
        <pre className="mono rounded border border-line bg-ground p-3 wrap-anywhere whitespace-pre-wrap">
          {rawJson(listed)}
        </pre>
      </div>
    </section>
  );
}

interface FactValueProps extends Pick<EventPanelProps, 'exact' | 'onOnly'> {
  readonly fact: EventFact;
}

function FactValue({ fact: { name, value, isCode, only }, exact, onOnly }: FactValueProps) {
  const isOnly = isNarrowedTo(exact, only);
  return (
    <>
      <span className={isCode ? 'mono select-all' : undefined}>{value}</span>
      {only && !isOnly && (
        <button
          type="button"
          onClick={() => onOnly(only)}
          className="ml-2 text-sm text-accent underline-offset-2 hover:underline"
        >
          only this
          <span className="sr-only">{` ${name}`}</span>
        </button>
      )}
    </>
  );
}

function Changes({ listed }: { readonly listed: ListedRecord }) {
  const changes = eventChanges(listed.record);
  if (changes.length === 0) return null;
  return (
    <div className="flex flex-col gap-1.5">
      <h3 className="caption">What changed</h3>
      <ul className="flex flex-col gap-2">
        {changes.map(({ path, before, after }) => (
          <li key={path} className="flex flex-col wrap-anywhere">
            <span className="mono">{path}</span>
            <span>
              <del className="text-muted">{before}</del>
              <span className="text-muted">{' → '}</span>
              <ins className="no-underline">{after}</ins>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** In the order of the line. Names in it do not turn the text around. */
function rawJson({ record }: ListedRecord): string {
  return JSON.stringify(lineOrder(record), undefined, 2).split('\n').map(plain).join('\n');
}
