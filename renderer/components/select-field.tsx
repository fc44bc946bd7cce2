import { Field } from '@base-ui/react/field';
import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { classNames } from './class-names.ts';

export interface SelectFieldProps<V extends string> {
  readonly label: string;
  /** The label is there for those who hear it alone. */
  readonly isLabelHidden?: boolean;
  readonly value: V;
  /** Values and what people read, in their order. */
  readonly options: readonly (readonly [value: V, text: string])[];
  readonly onChange: (value: V) => void;
  readonly hint?: ReactNode;
  readonly problem?: string | undefined;
  readonly disabled?: boolean;
  readonly className?: string;
}

/** One of a few. The system's own list: it is known, and long ones are searched by typing. */
export function SelectField<V extends string>({
  label,
  isLabelHidden = false,
  value,
  options,
  onChange,
  hint,
  problem,
  disabled,
  className,
}: SelectFieldProps<V>) {
  return (
    <Field.Root
      invalid={problem !== undefined}
      disabled={disabled}
      className={classNames('flex min-w-0 flex-col gap-1', className)}
    >
      <Field.Label className={isLabelHidden ? 'sr-only' : 'font-medium'}>{label}</Field.Label>
      <span className="relative flex">
        <Field.Control
          value={value}
          onChange={({ currentTarget }) => onChange(currentTarget.value as V)}
          render={
            <select className="h-8 w-full min-w-0 appearance-none truncate rounded border border-edge bg-surface pr-7 pl-2 disabled:opacity-60 data-[invalid]:border-needs">
              {options.map(([option, text]) => (
                <option key={option} value={option}>
                  {text}
                </option>
              ))}
            </select>
          }
        />
        <ChevronDown
          size={14}
          aria-hidden
          className="pointer-events-none absolute top-[9px] right-2 text-muted"
        />
      </span>
      {hint && <Field.Description className="text-sm text-muted">{hint}</Field.Description>}
      <Field.Error match={problem !== undefined} className="text-sm text-needs">
        {problem}
      </Field.Error>
    </Field.Root>
  );
}
