import { useState } from 'react';
import type { Namespaces } from '../../../src/contract/control-objects.ts';
import { SelectField } from '../../components/select-field.tsx';

/** No namespace is called so. */
export const everywhere = '*';

export interface NamespaceFieldProps {
  readonly namespaces: Namespaces | undefined;
  readonly value: string;
  readonly onChange: (namespace: string) => void;
}

/** One of those that are listed; where they may not be, or there are more, any that is typed. */
export function NamespaceField({ namespaces, value, onChange }: NamespaceFieldProps) {
  const [typed, setTyped] = useState<string>();
  const names = namespaces?.namespaces.map(({ name }) => name) ?? [];
  if (!namespaces || namespaces.complete) {
    const all = value === '' || value === everywhere || names.includes(value) ? names : [value, ...names];
    const options = all.map((name) => [name, name] as const);
    return (
      <SelectField
        label="Namespace"
        isLabelHidden
        value={value}
        disabled={!namespaces}
        options={namespaces ? [...options, [everywhere, 'all namespaces']] : [['', '…']]}
        onChange={onChange}
        className="w-40 min-w-20 shrink"
      />
    );
  }
  const take = () => typed && onChange(typed);
  return (
    <form
      className="w-40 min-w-20 shrink"
      onSubmit={(event) => {
        event.preventDefault();
        take();
      }}
    >
      <input
        type="text"
        aria-label="Namespace"
        placeholder="Namespace"
        list="namespaces"
        spellCheck={false}
        autoComplete="off"
        value={typed ?? value}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        onBlur={take}
        className="h-8 w-full rounded border border-edge bg-surface px-2"
      />
      <datalist id="namespaces">
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </form>
  );
}
