import type { ReactNode } from 'react';

export interface SettingGroupProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** Settings of one matter, under its name. */
export function SettingGroup({ title, children }: SettingGroupProps) {
  return (
    <section aria-label={title} className="flex flex-col gap-1">
      <h2 className="caption">{title}</h2>
      <div className="flex flex-col divide-y divide-line rounded border border-line">{children}</div>
    </section>
  );
}

export interface SettingProps {
  readonly title: string;
  /** What it means, where its name does not say it. */
  readonly text?: ReactNode;
  readonly children: ReactNode;
}

/** One setting: what it is on the left, as it is on the right; one below the other where there is no room. */
export function Setting({ title, text, children }: SettingProps) {
  return (
    <div className="flex min-h-11 items-center justify-between gap-x-6 gap-y-2 px-3 py-2 max-[719px]:flex-col max-[719px]:items-stretch">
      <div className="min-w-0">
        <p className="font-medium">{title}</p>
        {text && <p className="text-pretty text-muted">{text}</p>}
      </div>
      {children}
    </div>
  );
}
