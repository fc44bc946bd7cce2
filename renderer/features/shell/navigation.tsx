import {
  ArrowUpDown,
  CircleCheck,
  Keyboard,
  type LucideIcon,
  ScrollText,
  Search,
  Settings,
  Waypoints,
} from 'lucide-react';
import { classNames } from '../../components/class-names.ts';
import { KeyHint } from '../../components/key-hint.tsx';
import { useLink, useView } from '../../state/app-state.ts';
import { routeHash, useRoute, viewName, views } from '../../state/route.ts';
import { countByFilter } from '../tunnels/list-items.ts';

type Shown = (typeof views)[number];

const icons: Record<Shown, LucideIcon> = {
  tunnels: Waypoints,
  audit: ScrollText,
  team: ArrowUpDown,
  check: CircleCheck,
  settings: Settings,
};

export interface NavigationProps {
  readonly onPalette: () => void;
  readonly onKeys: () => void;
}

export function Navigation({ onPalette, onKeys }: NavigationProps) {
  const { view: at } = useRoute();
  // Profiles are made and changed for the sake of the list.
  const view = at === 'new' || at === 'edit' ? 'tunnels' : at;
  return (
    <nav aria-label="Views" className="flex min-h-0 flex-col gap-0.5 border-r border-line bg-ground p-2">
      {views.map((to) => {
        const Icon = icons[to];
        return (
          <a
            key={to}
            href={routeHash({ view: to })}
            aria-current={view === to ? 'page' : undefined}
            className={classNames(
              'flex h-8 items-center gap-2.5 rounded px-2 transition-colors',
              view === to ? 'bg-selected font-medium' : 'text-muted hover:bg-hover hover:text-text',
            )}
          >
            <Icon size={15} aria-hidden className={view === to ? 'text-accent' : undefined} />
            <span className="flex-1 max-[719px]:sr-only">{viewName[to]}</span>
            <Attention view={to} />
          </a>
        );
      })}
      <div className="mt-auto flex flex-col gap-1">
        <Shortcut icon={Search} name="Commands" keys="Mod+K" onClick={onPalette} />
        <Shortcut icon={Keyboard} name="Keys" keys="?" onClick={onKeys} />
        <DaemonState />
      </div>
    </nav>
  );
}

interface ShortcutProps {
  readonly icon: LucideIcon;
  readonly name: string;
  readonly keys: string;
  readonly onClick: () => void;
}

function Shortcut({ icon: Icon, name, keys, onClick }: ShortcutProps) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="flex h-8 items-center gap-2.5 rounded px-2 text-left text-muted transition-colors hover:bg-hover hover:text-text"
    >
      <Icon size={15} aria-hidden className="shrink-0" />
      <span className="flex-1 max-[719px]:sr-only">{name}</span>
      <span aria-hidden className="flex max-[719px]:hidden">
        <KeyHint keys={keys} />
      </span>
    </button>
  );
}

/** How many want to be looked at there. */
function Attention({ view }: { readonly view: Shown }) {
  const amount = useView(({ tunnels, profiles }) => {
    if (view === 'tunnels') return countByFilter(tunnels)['needs you'];
    return view === 'team' ? profiles.sources.filter(({ pending }) => pending).length : 0;
  });
  if (!amount) return null;
  const isUrgent = view === 'tunnels';
  return (
    <span
      className={classNames(
        'text-sm font-semibold max-[719px]:sr-only',
        isUrgent ? 'text-needs' : 'text-muted',
      )}
    >
      {amount}
      <span className="sr-only">{isUrgent ? ' need you' : ' changed'}</span>
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
