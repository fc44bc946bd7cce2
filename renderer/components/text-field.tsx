import { Field } from '@base-ui/react/field';
import type { ComponentProps } from 'react';

export interface TextFieldProps extends Omit<ComponentProps<typeof Field.Control>, 'className'> {
  readonly label: string;
  /** What is wrong with what is written. */
  readonly problem?: string | undefined;
  readonly hint?: string | undefined;
  /** The label is there for those who hear it alone. */
  readonly isLabelHidden?: boolean;
}

/** One line of text with its name above it and what is wrong with it below. */
export function TextField({ label, problem, hint, isLabelHidden = false, ...rest }: TextFieldProps) {
  return (
    <Field.Root invalid={problem !== undefined} className="flex flex-col gap-1">
      <Field.Label className={isLabelHidden ? 'sr-only' : 'font-medium'}>{label}</Field.Label>
      <Field.Control
        autoComplete="off"
        spellCheck={false}
        className="h-8 rounded border border-edge bg-surface px-2 data-[invalid]:border-needs"
        {...rest}
      />
      {hint && <Field.Description className="text-sm text-muted">{hint}</Field.Description>}
      <Field.Error match={problem !== undefined} className="text-sm text-needs">
        {problem}
      </Field.Error>
    </Field.Root>
  );
}
