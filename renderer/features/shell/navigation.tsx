import {
  ArrowUpDown,
  CircleCheck,
  Command,
  Keyboard,
  type LucideIcon,
  ScrollText,
  Settings,
  Waypoints,
} from 'lucide-react';
import { IconButton } from '../../components/icon-button.tsx';
import { classNames } from '../../components/class-names.ts';
import { useLink, useView } from '../../state/app-state.ts';
import { routeHash, useRoute, type View } from '../../state/route.ts';

const entries: readonly { readonly view: View; readonly name: string; readonly icon: LucideIcon }[] = [
  { view: 'tunnels', name: 'Tunnels', icon: Waypoints },
  { view: 'audit', name: 'Audit', icon: ScrollText },
  { view: 'team', name: 'Team', icon: ArrowUpDown },
  { view: 'check', name: 'Check', icon: CircleCheck },
  { view: 'settings', name: 'Settings', icon: Settings },
];

export interface NavigationProps {
  readonly onPalette: () => void;
  readonly onKeys: () => void;
}

export function Navigation({ onPalette, onKeys }: NavigationProps) {
  const { view } = useRoute();
  return (
    <nav aria-label="Views" className="flex min-h-0 flex-col gap-0.5 border-r border-line bg-ground p-2">
      {entries.map(({ view: to, name, icon: Icon }) => (
        <a
          key={to}
          href={routeHash({ view: to })}
          aria-label={name}
          aria-current={view === to ? 'page' : undefined}
          className={classNames(
            'flex h-8 items-center gap-2.5 rounded px-2 transition-colors',
            view === to ? 'bg-selected font-medium' : 'text-muted hover:bg-hover hover:text-text',
          )}
        >
          <Icon size={15} aria-hidden className={view === to ? 'text-accent' : undefined} />
          <span className="flex-1 max-[719px]:hidden">{name}</span>
          <Attention view={to} />
        </a>
      ))}
      <div className="mt-auto flex flex-col gap-1">
        <div className="flex max-[719px]:flex-col">
          <IconButton icon={Command} label="Do anything" keys="Mod+K" onClick={onPalette} />
          <IconButton icon={Keyboard} label="Keys" keys="?" onClick={onKeys} />
        </div>
        <DaemonState />
      </div>
    </nav>
  );
}

/** How many want to be looked at there. */
function Attention({ view }: { readonly view: View }) {
  const counts = useView(
    ({ tunnels, profiles }) => ({
      tunnels: [...tunnels.values()].filter(({ shown }) => shown === 'needs you').length,
      team: profiles.sources.filter(({ pending }) => pending).length,
    }),
    (a, b) => a.tunnels === b.tunnels && a.team === b.team,
  );
  const amount = view === 'tunnels' ? counts?.tunnels : view === 'team' ? counts?.team : 0;
  if (!amount) return null;
  const isUrgent = view === 'tunnels';
  return (
    <span
      title={isUrgent ? `${amount} need you` : `${amount} changed`}
      className={classNames(
        'text-sm font-semibold max-[719px]:hidden',
        isUrgent ? 'text-needs' : 'text-muted',
      )}
    >
      {amount}
    </span>
  );
}

function DaemonState() {
  const link = useLink();
  const daemon = useView((view) => view.daemon);
  const isLive = link.kind === 'live';
  return (
    <p role="status" className="flex items-center gap-2 px-2 py-1 text-sm text-muted">
      <span
        aria-hidden
        className={classNames(
          'size-2 shrink-0 rounded-full',
          isLive ? 'bg-ready' : 'border border-waiting bg-transparent',
        )}
      />
      <span className="truncate max-[719px]:sr-only">
        {isLive ? `daemon ${daemon?.version ?? ''}` : link.kind === 'lost' ? 'daemon away' : 'connecting'}
      </span>
    </p>
  );
}
