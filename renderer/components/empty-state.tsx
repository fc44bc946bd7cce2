import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

export interface EmptyStateProps {
  readonly icon?: LucideIcon;
  readonly title: string;
  readonly text?: ReactNode;
  readonly children?: ReactNode;
}

/** What stands where there is nothing: one sentence that says why, and what to do. */
export function EmptyState({ icon: Icon, title, text, children }: EmptyStateProps) {
  return (
    <div className="mx-auto flex h-full max-w-[480px] flex-col items-center justify-center gap-2 p-8 text-center">
      {Icon && <Icon size={22} className="mb-1 text-accent" aria-hidden />}
      <h2 className="text-lg font-semibold text-balance">{title}</h2>
      {text && <p className="text-pretty text-muted">{text}</p>}
      {children && <div className="mt-3 flex w-full flex-col items-stretch gap-2">{children}</div>}
    </div>
  );
}
