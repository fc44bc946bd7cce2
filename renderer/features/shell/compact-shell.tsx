import { Maximize2 } from 'lucide-react';
import { Button } from '../../components/button.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { countByFilter } from '../tunnels/list-items.ts';
import TunnelsView from '../tunnels/tunnels-view.tsx';
import { Content } from './content.tsx';
import { ViewBoundary } from './view-boundary.tsx';

/** Where the page is the window under the desktop's icon: said once, in the address that is loaded there. */
export function isCompact(): boolean {
  return new URLSearchParams(location.search).has('compact');
}

/** The same list with the same actions on 360 px, how things stand, and the way to the whole window. */
export function CompactShell() {
  const { showWindow } = useAppState().api;
  return (
    <div className="grid h-full grid-rows-[minmax(0,1fr)_auto] border border-line">
      <Content title="Tunnels">
        {/* A desktop's window goes when it is left by Escape; a browser's page stays. */}
        <ViewBoundary>
          <TunnelsView isCompact onLeave={showWindow && (() => close())} />
        </ViewBoundary>
      </Content>
      <footer className="flex h-10 items-center gap-2 border-t border-line bg-ground pr-2 pl-4">
        <Summary />
        {showWindow && (
          <Button look="quiet" icon={Maximize2} onClick={() => void showWindow()}>
            Open Sallyport…
          </Button>
        )}
      </footer>
    </div>
  );
}

function Summary() {
  const words = useView(({ tunnels }) => {
    const { ready, waiting, 'needs you': needs } = countByFilter(tunnels);
    const parts = [
      needs > 0 && `${needs} ${needs === 1 ? 'needs' : 'need'} you`,
      waiting > 0 && `${waiting} waiting`,
      ready > 0 && `${ready} ready`,
    ].filter(Boolean);
    return parts.join(' · ') || 'nothing is up';
  });
  return (
    <p role="status" className="min-w-0 flex-1 truncate text-sm text-muted">
      {words}
    </p>
  );
}
