import type { ReactNode } from 'react';
import { Button } from '../../components/button.tsx';

export interface TaskFrameProps {
  readonly title: string;
  /** What stands beside the title. */
  readonly about?: ReactNode;
  readonly isLoading?: boolean;
  /** At the end, always in sight. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

/** A task with its name above, what can be done with it below, and between them what scrolls. */
export function TaskFrame({ title, about, isLoading = false, actions, children }: TaskFrameProps) {
  return (
    <section aria-label={title} className="flex min-h-0 flex-1 flex-col bg-surface">
      <header className="flex h-12 shrink-0 items-center gap-3 border-b border-line px-4">
        <h2 className="max-w-[60%] shrink-0 truncate text-lg font-semibold">{title}</h2>
        {about}
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="mx-auto flex w-full max-w-[720px] flex-col gap-4 p-4">
          {isLoading && (
            <p role="status" className="text-muted">
              Reading…
            </p>
          )}
          {children}
        </div>
      </div>
      {actions && (
        <footer className="flex min-h-12 shrink-0 flex-wrap items-center justify-end gap-2 border-t border-line px-4 py-2">
          {actions}
        </footer>
      )}
    </section>
  );
}

interface UnsavedMarkProps {
  readonly isChanged: boolean;
  readonly onDiscard: () => void;
}

/** At the end of the header: whether there is anything to be saved. */
export function UnsavedMark({ isChanged, onDiscard }: UnsavedMarkProps) {
  return (
    <span className="ml-auto flex shrink-0 items-center gap-1">
      <span role="status" className="text-sm text-muted">
        {isChanged ? 'Not saved yet' : ''}
      </span>
      {isChanged && (
        <Button look="quiet" onClick={onDiscard}>
          Discard changes
        </Button>
      )}
    </span>
  );
}
