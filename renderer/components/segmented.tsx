import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';

export interface SegmentedProps<V extends string> {
  readonly label: string;
  readonly value: V;
  /** Values and what people read, in their order. */
  readonly options: readonly (readonly [value: V, text: string])[];
  readonly onChange: (value: V) => void;
}

/** One of two or three, all in sight. */
export function Segmented<V extends string>({ label, value, options, onChange }: SegmentedProps<V>) {
  return (
    <RadioGroup
      aria-label={label}
      value={value}
      onValueChange={(chosen) => onChange(chosen as V)}
      className="flex shrink-0 gap-0.5 rounded border border-edge bg-ground p-0.5"
    >
      {options.map(([option, text]) => (
        <Radio.Root
          key={option}
          value={option}
          aria-label={text}
          className="flex h-6 items-center rounded-sm px-2.5 text-muted transition-colors hover:text-text data-[checked]:bg-accent data-[checked]:font-medium data-[checked]:text-on-accent"
        >
          {text}
        </Radio.Root>
      ))}
    </RadioGroup>
  );
}
