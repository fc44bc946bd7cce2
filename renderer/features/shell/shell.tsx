import { lazy, useEffect, useState } from 'react';
import { useRoute, type View as ViewName, viewName } from '../../state/route.ts';
import { KeyList } from '../keys/key-list.tsx';
import { Palette } from '../palette/palette.tsx';
import TunnelsView from '../tunnels/tunnels-view.tsx';
import { Content } from './content.tsx';
import { Navigation } from './navigation.tsx';

/** The list is what people come for; the others are loaded when they are gone to. */
const contents = {
  tunnels: TunnelsView,
  audit: lazy(() => import('../audit/audit-view.tsx')),
  team: lazy(() => import('../team/team-view.tsx')),
  check: lazy(() => import('../check/check-view.tsx')),
  settings: lazy(() => import('../settings/settings-view.tsx')),
  new: lazy(() => import('../new-tunnel/new-tunnel-view.tsx')),
  edit: lazy(() => import('../edit-profile/edit-profile-view.tsx')),
} satisfies Record<ViewName, unknown>;

/** The window: navigation, the view that is gone to, and what may lie over all of them. */
export function Shell() {
  const { view } = useRoute();
  const [over, setOver] = useState<'palette' | 'keys'>();
  useShellKeys(setOver);
  const View = contents[view];
  return (
    <div className="grid h-full grid-cols-[176px_minmax(0,1fr)] max-[719px]:grid-cols-[48px_minmax(0,1fr)]">
      <Navigation onKeys={() => setOver('keys')} onPalette={() => setOver('palette')} />
      <Content title={viewName[view]}>
        <View />
      </Content>
      <Palette open={over === 'palette'} onOpenChange={(open) => setOver(open ? 'palette' : undefined)} />
      <KeyList open={over === 'keys'} onOpenChange={(open) => setOver(open ? 'keys' : undefined)} />
    </div>
  );
}

function useShellKeys(setOver: (over: 'palette' | 'keys') => void): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { key, target } = event;
      const isPalette = (event.ctrlKey || event.metaKey) && key.toLowerCase() === 'k';
      const isWriting = target instanceof Element && target.closest('input, textarea') !== null;
      if (isPalette) setOver('palette');
      else if (key === '?' && !isWriting) setOver('keys');
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, [setOver]);
}
