import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';
import { Hint } from './hint.tsx';

export interface IconButtonProps extends Omit<ComponentProps<'button'>, 'children'> {
  readonly icon: LucideIcon;
  /** What it does: its name, and its tooltip. */
  readonly label: string;
  readonly keys?: string | undefined;
}

export function IconButton({ icon: Icon, label, keys, className, ...rest }: IconButtonProps) {
  return (
    <Hint text={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        className={classNames(
          'inline-flex size-7 shrink-0 items-center justify-center rounded text-muted transition-colors hover:bg-hover hover:text-text disabled:opacity-50',
          className,
        )}
        {...rest}
      >
        <Icon size={15} aria-hidden />
      </button>
    </Hint>
  );
}
