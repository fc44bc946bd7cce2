import { timeWords } from '../../../src/client/tunnel-words.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import type { ReaderState } from './audit-reader.ts';
import { maxLoaded } from './record-pages.ts';

export interface ListEndProps {
  readonly state: ReaderState;
  /** Words are looked for in what is loaded alone. */
  readonly isSearched: boolean;
  readonly onMore: () => void;
}

/** What comes after the oldest event that is shown: more, or why there is no more. */
export function ListEnd({ state: { loaded, isLoading, error }, isSearched, onMore }: ListEndProps) {
  const oldest = loaded?.records.at(-1);
  const back = oldest ? ` back to ${timeWords(Date.parse(oldest.record.at))}` : '';
  return (
    <div className="flex h-14 items-center justify-center gap-3 px-4 text-muted">
      {isLoading || !loaded ? (
        <p role="status">Loading older events…</p>
      ) : error ? (
        <>
          <p role="alert">{`${errorText(error).headline}.`}</p>
          <Button onClick={onMore}>Try again</Button>
        </>
      ) : loaded.isWhole ? (
        <p>Nothing older is on record.</p>
      ) : loaded.records.length >= maxLoaded ? (
        <p>{`${maxLoaded} events are loaded${back}. Narrow the filter to see older ones.`}</p>
      ) : isSearched ? (
        <>
          <p>{`Searched ${loaded.records.length} events${back}.`}</p>
          <Button onClick={onMore}>Search further back</Button>
        </>
      ) : null}
    </div>
  );
}
