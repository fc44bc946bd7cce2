import { Unplug } from 'lucide-react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import type { Link } from '../../state/view-store.ts';
import { StartButton } from './lost-bar.tsx';

/** Before the first word of the daemon: rows without content, which are not there long enough to be read; then why it does not answer. */
export function Opening({ link }: { readonly link: Link }) {
  if (link.kind === 'lost') {
    return (
      <EmptyState icon={Unplug} title="The daemon does not answer">
        <div className="text-left">
          <ErrorNote error={link.error} tone={link.final ? 'needs' : 'waiting'} />
        </div>
        <StartButton />
      </EmptyState>
    );
  }
  return (
    <div role="status" className="flex-1 bg-surface">
      <span className="sr-only">Loading</span>
      {['w-40', 'w-56', 'w-44', 'w-52', 'w-36'].map((width) => (
        <div key={width} className="flex h-10 items-center gap-3 border-b border-line px-4">
          <span className="size-3 rounded-full bg-ground" />
          <span className={`h-2.5 rounded-sm bg-ground ${width}`} />
        </div>
      ))}
    </div>
  );
}
