import { CheckField } from '../../components/check-field.tsx';
import { SelectField } from '../../components/select-field.tsx';
import { TextField } from '../../components/text-field.tsx';
import { problemAt, textOfValue, valueOfText, type WrittenProblem } from './form-fields.ts';
import { type FieldChange, type FieldPath, type ProfileTree, valueAt } from './profile-text.ts';

/** What a form of some YAML reads, says and writes. */
export interface FormOf {
  readonly tree: ProfileTree;
  readonly problems: readonly WrittenProblem[];
  readonly change: (...changes: readonly FieldChange[]) => void;
}

interface ValueFieldProps {
  readonly form: FormOf;
  readonly path: FieldPath;
  readonly label: string;
  readonly hint?: string | undefined;
}

export interface ValueTextProps extends ValueFieldProps {
  readonly placeholder?: string;
  readonly isNumber?: boolean;
  readonly list?: string;
  /** Said instead of what the daemon has found. */
  readonly problem?: string | undefined;
}

/** One value of the text. Left empty it is not there at all. */
export function ValueText({ form, path, isNumber = false, problem, ...rest }: ValueTextProps) {
  return (
    <TextField
      {...rest}
      name={path.join('.')}
      value={textOfValue(valueAt(form.tree, path))}
      onValueChange={(text) => form.change({ path, value: valueOfText(text, isNumber) })}
      problem={problem ?? problemAt(form.problems, path)}
    />
  );
}

export interface ValueSelectProps extends ValueFieldProps {
  /** Without the empty one, which takes the key out. */
  readonly options: readonly string[];
  readonly none: string;
}

export function ValueSelect({ form, path, options, none, ...rest }: ValueSelectProps) {
  const value = textOfValue(valueAt(form.tree, path));
  // What is written and is none of them is shown all the same.
  const all = value === '' || options.includes(value) ? options : [...options, value];
  return (
    <SelectField
      {...rest}
      value={value}
      options={[['', none], ...all.map((option) => [option, option] as const)]}
      onChange={(chosen) => form.change({ path, value: chosen === '' ? undefined : chosen })}
      problem={problemAt(form.problems, path)}
    />
  );
}

/** True, or not there. */
export function ValueCheck({ form, path, label, hint }: ValueFieldProps) {
  return (
    <CheckField
      label={label}
      hint={problemAt(form.problems, path) ?? hint}
      checked={valueAt(form.tree, path) === true}
      onChange={(checked) => form.change({ path, value: checked || undefined })}
    />
  );
}
