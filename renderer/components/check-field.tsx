import { Check } from 'lucide-react';
import { type ComponentProps, useId } from 'react';

export interface CheckFieldProps extends Omit<ComponentProps<'input'>, 'type' | 'onChange'> {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly onChange: (checked: boolean) => void;
}

/** Yes or no, with what it means beside it. */
export function CheckField({ label, hint, onChange, ...rest }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="flex gap-2">
      <span className="relative mt-0.5 flex size-4 shrink-0">
        <input
          id={id}
          type="checkbox"
          aria-describedby={hint ? `${id}-hint` : undefined}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
          className="peer size-4 appearance-none rounded-sm border border-edge bg-surface checked:border-accent checked:bg-accent disabled:opacity-60"
          {...rest}
        />
        <Check
          size={12}
          strokeWidth={3}
          aria-hidden
          className="pointer-events-none absolute top-0.5 left-0.5 hidden text-on-accent peer-checked:block"
        />
      </span>
      <div className="flex min-w-0 flex-col">
        <label htmlFor={id}>{label}</label>
        {hint && (
          <span id={`${id}-hint`} className="text-sm text-muted">
            {hint}
          </span>
        )}
      </div>
    </div>
  );
}
