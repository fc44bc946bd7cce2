import type { ReactNode } from 'react';

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
        <h2 className="truncate text-lg font-semibold">{title}</h2>
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
