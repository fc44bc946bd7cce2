import type { ReactNode } from 'react';

export interface SectionProps {
  readonly title: string;
  /** At the end of the line of the title. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a panel under a small heading. */
export function Section({ title, aside, children }: SectionProps) {
  return (
    <section className="flex flex-col gap-1.5">
      <div className="flex min-h-4 items-center justify-between gap-2">
        <h3 className="caption">{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  );
}
