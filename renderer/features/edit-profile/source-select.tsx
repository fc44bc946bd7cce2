import { SelectField } from '../../components/select-field.tsx';
import { desktopPlatform } from '../settings/desktop.ts';
import type { FormOf } from './form-controls.tsx';
import { problemAt } from './form-fields.ts';
import type { FieldPath } from './profile-text.ts';

/** Programs and files of this machine. The daemon takes them from no page in a browser: there they are shown where they are written, and not offered. */
const ofThisMachine: ReadonlySet<string> = new Set(['command', 'environment', 'file', 'files']);

export interface SourceSelectProps<S extends string> {
  readonly form: FormOf;
  readonly path: FieldPath;
  readonly label: string;
  readonly names: Readonly<Record<S, string>>;
  /** Undefined: something else stands there, and the form cannot say what. */
  readonly source: S | undefined;
  readonly onChange: (source: S) => void;
  readonly hint?: string | undefined;
}

/** Where a credential is. Never what it is: nothing here takes one. */
export function SourceSelect<S extends string>(props: SourceSelectProps<S>) {
  const { form, path, label, names, source, onChange, hint } = props;
  const offered = (Object.entries(names) as [S, string][]).filter(
    ([each]) => each === source || !ofThisMachine.has(each) || desktopPlatform() !== undefined,
  );
  return (
    <SelectField<S | 'other'>
      label={label}
      value={source ?? 'other'}
      options={source ? offered : [...offered, ['other', 'as it is written']]}
      onChange={(chosen) => chosen !== 'other' && onChange(chosen)}
      hint={hint}
      problem={source === undefined ? problemAt(form.problems, path) : undefined}
    />
  );
}
