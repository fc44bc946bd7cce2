import { SearchX } from 'lucide-react';
import { useCallback, useRef, useState, useSyncExternalStore } from 'react';
import type { ControlView } from '../../../src/client/control-view.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { usePageKeys } from '../../state/page-keys.ts';
import { go, useRoute } from '../../state/route.ts';
import { type CheckQuery, checkCounts, checkItems, daemonItem } from './check-items.ts';
import { CheckList } from './check-list.tsx';
import { CheckPanel } from './check-panel.tsx';
import { CheckToolbar } from './check-toolbar.tsx';
import { DaemonPanel } from './daemon-panel.tsx';

const whole: CheckQuery = { search: '', filter: 'all' };
const noTunnels: ControlView['tunnels'] = new Map();

/** Whether the daemon is well, what each tunnel means now, and what its user may do: one list, and one panel beside it. */
export default function CheckView() {
  const { checks } = useAppState();
  const { chosen } = useRoute();
  const [query, setQuery] = useState(whole);
  const [isByKeys, setByKeys] = useState(false);
  const searchField = useRef<HTMLInputElement>(null);
  const tunnels = useView((view) => view.tunnels) ?? noTunnels;
  useSyncExternalStore(checks.subscribe, checks.version);
  const items = checkItems(tunnels, checks, query);
  const selected = chosen !== undefined && tunnels.has(chosen) ? chosen : daemonItem;

  const select = useCallback((id: string, byKeys = false) => {
    setByKeys(byKeys);
    go({ view: 'check', chosen: id === daemonItem ? undefined : id });
  }, []);
  const onSelect = useCallback((id: string) => select(id), [select]);
  const move = (to: (at: number) => number) => {
    const next = items[Math.min(items.length - 1, Math.max(0, to(items.indexOf(selected))))];
    if (next !== undefined) select(next, true);
  };
  usePageKeys({
    ArrowDown: () => move((at) => at + 1),
    ArrowUp: () => move((at) => at - 1),
    Home: () => move(() => 0),
    End: () => move(() => items.length - 1),
    Enter: () => selected !== daemonItem && checks.run([selected]),
    Escape: () => select(daemonItem),
    '/': () => searchField.current?.focus(),
  });

  return (
    <div className="grid min-h-0 flex-1 max-[959px]:grid-rows-[minmax(0,2fr)_minmax(0,3fr)] min-[960px]:grid-cols-[minmax(0,1fr)_420px]">
      <div className="flex min-h-0 min-w-0 flex-col">
        <CheckToolbar
          query={query}
          onChange={setQuery}
          counts={checkCounts(tunnels, checks)}
          left={checks.left}
          searchField={searchField}
          onLeave={() => {
            searchField.current?.blur();
            move((at) => at + 1);
          }}
          onCheckAll={() => checks.run([...tunnels.keys()])}
          onStop={() => checks.stop()}
        />
        {items.length > 0 ? (
          <CheckList items={items} selected={selected} isByKeys={isByKeys} onSelect={onSelect} />
        ) : (
          <EmptyState
            icon={SearchX}
            title={query.filter === 'trouble' ? 'No trouble was found' : 'No tunnel matches'}
          >
            <Button className="self-center" onClick={() => setQuery(whole)}>
              Show all
            </Button>
          </EmptyState>
        )}
      </div>
      <section
        aria-label="What was found"
        className="min-h-0 overflow-y-auto border-line bg-surface p-4 max-[959px]:border-t min-[960px]:border-l"
      >
        {selected === daemonItem ? <DaemonPanel /> : <CheckPanel key={selected} id={selected} />}
      </section>
    </div>
  );
}
