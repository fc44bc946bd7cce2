import { SearchX } from 'lucide-react';
import { useCallback, useDeferredValue, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { usePageKeys } from '../../state/page-keys.ts';
import { startQuestion } from '../../state/questions.ts';
import { go, useRoute } from '../../state/route.ts';
import type { PanelTab } from '../tunnel-detail/detail-tabs.tsx';
import { useCopier } from './connection-strings.ts';
import { FirstRun } from './first-run.tsx';
import { isSameList, type ListItem, type ListQuery, listItems } from './list-items.ts';
import { ListToolbar } from './list-toolbar.tsx';
import { primaryAction } from './primary-action.ts';
import { TunnelList } from './tunnel-list.tsx';
import { TunnelPanel } from './tunnel-panel.tsx';

const whole: ListQuery = { search: '', filter: 'all' };
const none: readonly ListItem[] = [];

export interface TunnelsViewProps {
  /** Without filters: what they count is said elsewhere. */
  readonly isCompact?: boolean;
  /** Escape, where nothing is chosen that it would close. */
  readonly onLeave?: (() => void) | undefined;
}

/** One list, and one detail panel beside it; below it where there is no room. */
export default function TunnelsView({ isCompact = false, onLeave }: TunnelsViewProps) {
  const { view: store, actions } = useAppState();
  const copier = useCopier();
  const { chosen } = useRoute();
  const [query, setQuery] = useState(whole);
  const [isByKeys, setByKeys] = useState(false);
  const [tab, setTab] = useState<PanelTab>('now');
  const searchField = useRef<HTMLInputElement>(null);
  // What is typed and clicked is there at once; the list and the panel follow in time that no frame needs.
  const found = useDeferredValue(query);
  const items = useView((view) => listItems(view, found), isSameList) ?? none;
  const isEmpty = useView(({ tunnels }) => tunnels.size === 0) ?? false;
  const selected = useView(({ tunnels }) => chosen !== undefined && tunnels.has(chosen)) ? chosen : undefined;
  const shown = useDeferredValue(selected);

  const select = useCallback((id: string | undefined, byKeys = false) => {
    setByKeys(byKeys);
    go({ view: 'tunnels', chosen: id });
  }, []);
  const act = (id: string) => {
    const tunnel = store.tunnel(id);
    if (!tunnel) return;
    const asked = store.view && startQuestion(store.view, tunnel);
    const action = primaryAction(tunnel, asked);
    if (action.kind === 'copy') return void copier.copy(tunnel);
    select(id, isByKeys);
    if (action.kind === 'answer') actions.ask(id);
    else if (action.kind !== 'show') void actions.run(action.kind, id);
  };
  const latestAct = useRef(act);
  latestAct.current = act;
  const onPrimary = useCallback((id: string) => latestAct.current(id), []);
  const onSelect = useCallback((id: string) => select(id), [select]);
  const onClose = useCallback(() => select(undefined), [select]);

  const move = (step: 1 | -1) => {
    // By what is written now, which the list may not show yet.
    const listed = store.view ? listItems(store.view, query) : [];
    const ids = listed.flatMap((item) => (item.kind === 'tunnel' ? [item.id] : []));
    const at = selected === undefined ? -1 : ids.indexOf(selected);
    const next = at < 0 ? (step > 0 ? 0 : ids.length - 1) : Math.min(ids.length - 1, Math.max(0, at + step));
    if (ids[next] !== undefined) select(ids[next], true);
  };
  const ofSelected = (run: (id: string) => void) => () => selected !== undefined && run(selected);
  usePageKeys({
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Enter: ofSelected(onPrimary),
    Escape: () => (selected === undefined ? onLeave?.() : select(undefined)),
    c: ofSelected((id) => void copier.copy(store.tunnel(id)!)),
    p: ofSelected((id) => void copier.openClient(store.tunnel(id)!)),
    l: () => setTab(tab === 'history' ? 'now' : 'history'),
    n: () => go({ view: 'new' }),
    e: ofSelected((id) => {
      if (store.tunnel(id)?.origin.kind === 'profile') go({ view: 'edit', chosen: id });
    }),
    '/': () => searchField.current?.focus(),
  });

  if (isEmpty) return <FirstRun />;
  return (
    <div
      className={`grid min-h-0 flex-1 ${shown === undefined ? '' : 'max-[959px]:grid-rows-[minmax(0,1fr)_minmax(0,1fr)] min-[960px]:grid-cols-[minmax(0,1fr)_400px] min-[1200px]:grid-cols-[minmax(0,1fr)_460px]'}`}
    >
      <div className="flex min-h-0 min-w-0 flex-col">
        <ListToolbar
          query={query}
          hasFilters={!isCompact}
          onChange={setQuery}
          searchField={searchField}
          onLeave={() => {
            searchField.current?.blur();
            move(1);
          }}
        />
        {items.length > 0 ? (
          <TunnelList
            items={items}
            selected={selected}
            isByKeys={isByKeys}
            onSelect={onSelect}
            onPrimary={onPrimary}
          />
        ) : (
          <EmptyState icon={SearchX} title="No tunnel matches">
            <Button className="self-center" onClick={() => setQuery(whole)}>
              Show all
            </Button>
          </EmptyState>
        )}
      </div>
      {shown !== undefined && (
        <TunnelPanel id={shown} tab={tab} onTab={setTab} onPrimary={onPrimary} onClose={onClose} />
      )}
    </div>
  );
}
