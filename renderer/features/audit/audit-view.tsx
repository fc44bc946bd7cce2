import { ScrollText, SearchX } from 'lucide-react';
import { useCallback, useMemo, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState } from '../../state/app-state.ts';
import { usePageKeys } from '../../state/page-keys.ts';
import { go, useRoute } from '../../state/route.ts';
import { type AuditSearch, filterOf, isUsualKinds, wholeLog, withWords } from './audit-search.ts';
import { AuditToolbar } from './audit-toolbar.tsx';
import { eventItems } from './event-items.ts';
import { EventList } from './event-list.tsx';
import { EventPanel } from './event-panel.tsx';
import { ExportNote } from './export-note.tsx';
import { FilterDialog } from './filter-dialog.tsx';
import { ListEnd } from './list-end.tsx';
import { recordKey } from './record-pages.ts';
import { useAuditReader } from './use-audit-reader.ts';
import { useExport } from './use-export.ts';
import { Verification } from './verification.tsx';

/** What is on record, newest first: found by filters, followed while the newest is in sight, verified and exported on request. */
export default function AuditView() {
  const { clock } = useAppState();
  const { chosen } = useRoute();
  const [search, setSearch] = useState(wholeLog);
  const [isFiltering, setFiltering] = useState(false);
  const [isAtTop, setAtTop] = useState(true);
  const [isByKeys, setByKeys] = useState(false);
  const searchField = useRef<HTMLInputElement>(null);
  const exporting = useExport();

  const { untilMs } = search.exact;
  const isFollowed = isAtTop && (untilMs === undefined || untilMs > clock.wallMs());
  const { reader, state } = useAuditReader(filterOf(search), isFollowed);
  const { loaded } = state;
  const found = useMemo(() => withWords(loaded?.records ?? [], search.words), [loaded, search.words]);
  const items = useMemo(() => eventItems(found), [found]);
  const selected = useMemo(
    () => loaded?.records.find((record) => recordKey(record) === chosen),
    [loaded, chosen],
  );

  const select = useCallback((key: string | undefined, byKeys = false) => {
    setByKeys(byKeys);
    go({ view: 'audit', chosen: key });
  }, []);
  const onSelect = useCallback((key: string) => select(key), [select]);
  const move = (to: (at: number) => number) => {
    const at = found.findIndex((record) => recordKey(record) === chosen);
    const next = found[Math.min(found.length - 1, Math.max(0, to(at)))];
    if (next) select(recordKey(next), true);
  };
  usePageKeys({
    ArrowDown: () => move((at) => at + 1),
    ArrowUp: () => move((at) => at - 1),
    Home: () => move(() => 0),
    End: () => move(() => found.length - 1),
    Escape: () => select(undefined),
    '/': () => searchField.current?.focus(),
  });
  const isSearched = search.words !== '';
  const onMore = useCallback(() => void reader.loadMore(), [reader]);
  // What failed is tried again by a click, and words that are rare would otherwise read the whole log.
  const canLoad = !isSearched && !state.error;
  const onNearEnd = useCallback(() => canLoad && void reader.loadMore(), [reader, canLoad]);

  return (
    <div
      className={`grid min-h-0 flex-1 ${selected ? 'max-[959px]:grid-rows-[minmax(0,1fr)_minmax(0,1fr)] min-[960px]:grid-cols-[minmax(0,1fr)_380px]' : ''}`}
    >
      <div className="flex min-h-0 min-w-0 flex-col">
        <AuditToolbar
          search={search}
          onChange={setSearch}
          searchField={searchField}
          onLeave={() => {
            searchField.current?.blur();
            move((at) => at + 1);
          }}
          onFilter={() => setFiltering(true)}
          onExport={(format) => void exporting.run(search, format)}
        />
        <Verification />
        <ExportNote {...exporting} />
        {!loaded && state.error ? (
          <div className="p-4">
            <ErrorNote error={state.error} action={<Button onClick={onMore}>Try again</Button>} />
          </div>
        ) : !loaded ? (
          <LoadingRows />
        ) : found.length === 0 && loaded.isWhole ? (
          <NothingFound search={search} onChange={setSearch} />
        ) : (
          <EventList
            key={JSON.stringify(filterOf(search))}
            items={items}
            selected={selected && recordKey(selected)}
            isByKeys={isByKeys}
            onSelect={onSelect}
            onTop={setAtTop}
            onNearEnd={onNearEnd}
            end={<ListEnd state={state} isSearched={isSearched} onMore={onMore} />}
          />
        )}
      </div>
      {selected && (
        <EventPanel
          listed={selected}
          exact={search.exact}
          onOnly={(only) => setSearch({ ...search, exact: { ...search.exact, ...only } })}
          onClose={() => select(undefined)}
        />
      )}
      <FilterDialog
        open={isFiltering}
        exact={search.exact}
        onApply={(exact) => {
          setSearch({ ...search, exact });
          setFiltering(false);
        }}
        onClose={() => setFiltering(false)}
      />
    </div>
  );
}

interface NothingFoundProps {
  readonly search: AuditSearch;
  readonly onChange: (search: AuditSearch) => void;
}

function NothingFound({ search, onChange }: NothingFoundProps) {
  const isNarrowed =
    search.words !== '' || Object.keys(search.exact).length > 0 || !isUsualKinds(search.kinds);
  if (!isNarrowed)
    return (
      <EmptyState
        icon={ScrollText}
        title="Nothing is on record yet"
        text="What is opened, by whom, when, why and to which pod will stand here."
      />
    );
  return (
    <EmptyState icon={SearchX} title="Nothing like that is on record">
      <Button className="self-center" onClick={() => onChange(wholeLog)}>
        Show all
      </Button>
    </EmptyState>
  );
}

function LoadingRows() {
  return (
    <div role="status" className="flex-1 bg-surface">
      <span className="sr-only">Loading</span>
      {['w-72', 'w-96', 'w-64', 'w-80', 'w-56'].map((width) => (
        <div key={width} className="flex h-8 items-center border-b border-line px-4">
          <span className={`h-2.5 max-w-full rounded-sm bg-ground ${width}`} />
        </div>
      ))}
    </div>
  );
}
