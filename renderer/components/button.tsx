import type { LucideIcon } from 'lucide-react';
import type { ComponentProps } from 'react';
import { classNames } from './class-names.ts';

export type ButtonLook = 'plain' | 'primary' | 'quiet' | 'urgent';

const base =
  'inline-flex h-7 shrink-0 items-center justify-center gap-1.5 whitespace-nowrap rounded border px-2.5 font-medium transition-colors select-none disabled:opacity-50 aria-disabled:opacity-50';

const looks: Record<ButtonLook, string> = {
  plain: 'border-line bg-surface hover:bg-hover',
  primary: 'border-accent bg-accent text-on-accent hover:border-accent-strong hover:bg-accent-strong',
  quiet: 'border-transparent bg-transparent text-muted hover:bg-hover hover:text-text',
  urgent: 'border-needs bg-surface text-needs hover:bg-hover',
};

export function buttonClass(look: ButtonLook = 'plain', className?: string): string {
  return classNames(base, looks[look], className);
}

export interface ButtonProps extends ComponentProps<'button'> {
  readonly look?: ButtonLook;
  readonly icon?: LucideIcon | undefined;
}

export function Button({ look, icon: Icon, className, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={buttonClass(look, className)} {...rest}>
      {Icon && <Icon size={14} aria-hidden />}
      {children}
    </button>
  );
}
