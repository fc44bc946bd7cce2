import { type ReactNode, Suspense } from 'react';
import { mainId } from '../../components/menu-popup.tsx';
import { useAppState, useLink } from '../../state/app-state.ts';
import { QuestionDialog } from '../questions/question-dialog.tsx';
import { LostBar } from './lost-bar.tsx';
import { Opening } from './opening.tsx';

export interface ContentProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** What is gone to, once the daemon has said what there is, and what tunnels ask over it. While it is away the last of that is shown dimmed, and cannot be used. */
export function Content({ title, children }: ContentProps) {
  const { view: store } = useAppState();
  const link = useLink();
  const isOld = link.kind === 'lost' && store.view !== undefined;
  return (
    <>
      <main id={mainId} className="flex min-h-0 min-w-0 flex-col">
        <h1 className="sr-only">{title}</h1>
        {isOld && <LostBar link={link} />}
        <div
          inert={isOld}
          className={`flex min-h-0 flex-1 flex-col transition-opacity ${isOld ? 'opacity-60' : ''}`}
        >
          {store.view ? <Suspense fallback={null}>{children}</Suspense> : <Opening link={link} />}
        </div>
      </main>
      {store.view && <QuestionDialog />}
    </>
  );
}
