import { Suspense, useEffect, useState } from 'react';
import { mainId } from '../../components/menu-popup.tsx';
import { useAppState, useLink } from '../../state/app-state.ts';
import { useRoute, viewName } from '../../state/route.ts';
import { KeyList } from '../keys/key-list.tsx';
import { Palette } from '../palette/palette.tsx';
import { QuestionDialog } from '../questions/question-dialog.tsx';
import { LostBar } from './lost-bar.tsx';
import { Navigation } from './navigation.tsx';
import { Opening } from './opening.tsx';
import { ViewBoundary } from './view-boundary.tsx';
import { fetchAllViews, viewContents } from './view-contents.ts';

/** The window: navigation, the view that is gone to, and what may lie over all of them. */
export function Shell() {
  const { view } = useRoute();
  const { view: store } = useAppState();
  const link = useLink();
  const [over, setOver] = useState<'palette' | 'keys'>();
  useShellKeys(setOver);
  const Content = viewContents[view];
  const isOpen = store.view !== undefined;
  useEffect(() => {
    if (isOpen) fetchAllViews();
  }, [isOpen]);
  const isOld = link.kind === 'lost' && isOpen;
  return (
    <div className="grid h-full grid-cols-[176px_minmax(0,1fr)] max-[719px]:grid-cols-[48px_minmax(0,1fr)]">
      <Navigation onKeys={() => setOver('keys')} onPalette={() => setOver('palette')} />
      <main id={mainId} className="flex min-h-0 min-w-0 flex-col">
        <h1 className="sr-only">{viewName[view]}</h1>
        {isOld && <LostBar link={link} />}
        <div
          inert={isOld}
          className={`flex min-h-0 flex-1 flex-col transition-opacity ${isOld ? 'opacity-60' : ''}`}
        >
          {isOpen ? (
            <ViewBoundary key={view}>
              <Suspense fallback={null}>
                <Content />
              </Suspense>
            </ViewBoundary>
          ) : (
            <Opening link={link} />
          )}
        </div>
      </main>
      {isOpen && <QuestionDialog />}
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
