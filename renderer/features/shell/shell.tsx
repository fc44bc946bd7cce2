import { useEffect, useState } from 'react';
import { useLink } from '../../state/app-state.ts';
import { useRoute, viewName } from '../../state/route.ts';
import { KeyList } from '../keys/key-list.tsx';
import { Palette } from '../palette/palette.tsx';
import { Content } from './content.tsx';
import { Navigation } from './navigation.tsx';
import { ViewBoundary } from './view-boundary.tsx';
import { fetchAllViews, viewContents } from './view-contents.ts';

/** The window: navigation, the view that is gone to, and what may lie over all of them. */
export function Shell() {
  const { view } = useRoute();
  const [over, setOver] = useState<'palette' | 'keys'>();
  useShellKeys(setOver);
  const View = viewContents[view];
  const isLive = useLink().kind === 'live';
  useEffect(() => {
    if (isLive) fetchAllViews();
  }, [isLive]);
  return (
    <div className="grid h-full grid-cols-[176px_minmax(0,1fr)] max-[719px]:grid-cols-[48px_minmax(0,1fr)]">
      <Navigation onKeys={() => setOver('keys')} onPalette={() => setOver('palette')} />
      <Content title={viewName[view]}>
        <ViewBoundary key={view}>
          <View />
        </ViewBoundary>
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
