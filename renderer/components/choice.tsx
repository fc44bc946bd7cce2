import { Toggle } from '@base-ui/react/toggle';
import { ToggleGroup } from '@base-ui/react/toggle-group';

export interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: readonly T[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few, all in sight. */
export function Choice<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    <ToggleGroup
      aria-label={label}
      value={[value]}
      onValueChange={([chosen]) => {
        if (chosen !== undefined) onChange(chosen as T);
      }}
      className="flex shrink-0 gap-0.5"
    >
      {options.map((option) => (
        <Toggle
          key={option}
          value={option}
          className="flex h-6 items-center rounded px-1.5 text-sm whitespace-nowrap text-muted transition-colors hover:bg-hover data-[pressed]:bg-selected data-[pressed]:font-medium data-[pressed]:text-text"
        >
          {option}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
