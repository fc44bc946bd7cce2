import { Radio } from '@base-ui/react/radio';
import { RadioGroup } from '@base-ui/react/radio-group';
import type { ShownSettings } from '../../../src/contract/control-settings.ts';

type KeepIn = ShownSettings['keepPasswordsIn'];

const choices: readonly (readonly [value: KeepIn, name: string, text: string])[] = [
  [
    'keychain',
    "The system's keychain",
    'Where this machine has none, they are kept until the daemon ends, and you are told why.',
  ],
  [
    'file',
    'A file under a passphrase',
    'Asked for once in each run of the daemon. Without it nobody can open the file.',
  ],
  ['memory', 'Only until the daemon ends', 'Each is asked for again after that.'],
];

export interface PasswordsSettingProps {
  readonly keepIn: KeepIn;
  readonly onChange: (keepIn: KeepIn) => void;
}

/** Where passwords are kept that were asked for. Those that are somewhere already stay there. */
export function PasswordsSetting({ keepIn, onChange }: PasswordsSettingProps) {
  return (
    <RadioGroup
      aria-label="Where passwords are kept"
      value={keepIn}
      onValueChange={(value) => onChange(value as KeepIn)}
      className="flex flex-col divide-y divide-line"
    >
      {choices.map(([value, name, text]) => (
        // biome-ignore lint/a11y/noLabelWithoutControl: the radio button is the control.
        <label key={value} className="flex items-start gap-3 px-3 py-2">
          <Radio.Root
            value={value}
            className="mt-0.5 flex size-4 shrink-0 items-center justify-center rounded-full border border-edge bg-ground data-[checked]:border-accent"
          >
            <Radio.Indicator className="size-2 rounded-full bg-accent" />
          </Radio.Root>
          <span className="min-w-0">
            <span className="block font-medium">{name}</span>
            <span className="block text-pretty text-muted">{text}</span>
          </span>
        </label>
      ))}
    </RadioGroup>
  );
}
