import { lazy, Suspense, useEffect, useState } from 'react';
import { mainId } from '../../components/menu-popup.tsx';
import { useAppState, useLink } from '../../state/app-state.ts';
import { useRoute, type View, viewName } from '../../state/route.ts';
import { KeyList } from '../keys/key-list.tsx';
import { Palette } from '../palette/palette.tsx';
import { QuestionDialog } from '../questions/question-dialog.tsx';
import TunnelsView from '../tunnels/tunnels-view.tsx';
import { LostBar } from './lost-bar.tsx';
import { Navigation } from './navigation.tsx';
import { Opening } from './opening.tsx';

/** The list is what people come for; the others are loaded when they are gone to. */
const contents = {
  tunnels: TunnelsView,
  audit: lazy(() => import('../audit/audit-view.tsx')),
  team: lazy(() => import('../team/team-view.tsx')),
  check: lazy(() => import('../check/check-view.tsx')),
  settings: lazy(() => import('../settings/settings-view.tsx')),
  new: lazy(() => import('../new-tunnel/new-tunnel-view.tsx')),
  edit: lazy(() => import('../edit-profile/edit-profile-view.tsx')),
} satisfies Record<View, unknown>;

/** The window: navigation, the view that is gone to, and what may lie over all of them. */
export function Shell() {
  const { view } = useRoute();
  const { view: store } = useAppState();
  const link = useLink();
  const [over, setOver] = useState<'palette' | 'keys'>();
  useShellKeys(setOver);
  const Content = contents[view];
  const isOld = link.kind === 'lost' && store.view !== undefined;
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
          {store.view ? (
            <Suspense fallback={null}>
              <Content />
            </Suspense>
          ) : (
            <Opening link={link} />
          )}
        </div>
      </main>
      {store.view && <QuestionDialog />}
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
