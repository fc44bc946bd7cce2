import { Switch } from '@base-ui/react/switch';

export interface ToggleProps {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly label: string;
  readonly disabled?: boolean;
}

/** On or off. Its word stands beside it, so that it is not told by colour alone. */
export function Toggle({ checked, onChange, label, disabled = false }: ToggleProps) {
  return (
    <span className="flex shrink-0 items-center gap-2">
      <span aria-hidden className="text-sm text-muted">
        {checked ? 'on' : 'off'}
      </span>
      <Switch.Root
        checked={checked}
        onCheckedChange={onChange}
        disabled={disabled}
        aria-label={label}
        className="flex h-5 w-9 items-center rounded-full border border-edge bg-ground p-0.5 transition-colors data-[checked]:border-accent data-[checked]:bg-accent"
      >
        <Switch.Thumb className="size-3.5 rounded-full bg-edge transition-transform data-[checked]:translate-x-4 data-[checked]:bg-on-accent" />
      </Switch.Root>
    </span>
  );
}
