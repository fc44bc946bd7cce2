import { Tabs } from '@base-ui/react/tabs';
import { type ComponentType, lazy, Suspense } from 'react';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { NowTab } from './now-tab.tsx';

export const panelTabs = ['now', 'connections', 'history', 'traffic', 'check', 'log'] as const;
export type PanelTab = (typeof panelTabs)[number];

const tabName: Record<PanelTab, string> = {
  now: 'Now',
  connections: 'Connections',
  history: 'History',
  traffic: 'Traffic',
  check: 'Check',
  log: 'Log',
};

/** All but the first are loaded, and ask the daemon, once somebody looks. */
const contents: Record<PanelTab, ComponentType<{ readonly tunnel: TunnelEntity }>> = {
  now: NowTab,
  connections: lazy(() => import('./connections-tab.tsx')),
  history: lazy(() => import('./history-tab.tsx')),
  traffic: lazy(() => import('./traffic-tab.tsx')),
  check: lazy(() => import('./check-tab.tsx')),
  log: lazy(() => import('./log-tab.tsx')),
};

export interface DetailTabsProps {
  readonly tunnel: TunnelEntity;
  readonly tab: PanelTab;
  readonly onTab: (tab: PanelTab) => void;
}

/** What there is to know of one tunnel, one aspect at a time. */
export function DetailTabs({ tunnel, tab, onTab }: DetailTabsProps) {
  const Content = contents[tab];
  return (
    <Tabs.Root value={tab} onValueChange={onTab} className="flex flex-col gap-3">
      <Tabs.List className="sticky top-0 z-10 -mx-4 flex flex-wrap gap-x-4 border-b border-line bg-surface px-4 [[data-production]_&]:top-7">
        {panelTabs.map((name) => (
          <Tabs.Tab
            key={name}
            value={name}
            className="h-8 shrink-0 border-b-2 border-transparent font-medium text-muted outline-offset-[-2px] transition-colors hover:text-text data-[active]:border-accent data-[active]:text-text"
          >
            {tabName[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={tab} key={tab} className="outline-offset-4">
        <Suspense fallback={null}>
          <Content key={tunnel.id} tunnel={tunnel} />
        </Suspense>
      </Tabs.Panel>
    </Tabs.Root>
  );
}
