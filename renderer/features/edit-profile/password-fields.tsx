import { Field } from '@base-ui/react/field';
import { type FormOf, ValueText } from './form-controls.tsx';
import { type PasswordSource, passwordChange, passwordSourceOf, problemAt } from './form-fields.ts';
import { valueAt } from './profile-text.ts';
import { SourceSelect } from './source-select.tsx';

const names: Record<PasswordSource, string> = {
  none: 'not said',
  auto: 'where its operator or chart keeps it',
  secret: 'in a Secret of the namespace',
  configMap: 'in a URL of a ConfigMap',
  keychain: 'in the keychain of this machine',
  command: 'printed by a program',
  environment: 'in an environment variable',
  file: 'in a file',
};

const path = ['connection', 'password'];

/** Where the password is. */
export function PasswordFields({ form }: { readonly form: FormOf }) {
  const source = passwordSourceOf(form.tree);
  return (
    <>
      <SourceSelect
        form={form}
        path={path}
        label="Password"
        names={names}
        source={source}
        onChange={(chosen) => form.change(passwordChange(chosen))}
        hint={source === 'keychain' ? 'Asked for once, when it is needed' : undefined}
      />
      <SourceFields form={form} source={source} />
    </>
  );
}

function SourceFields({
  form,
  source,
}: {
  readonly form: FormOf;
  readonly source: PasswordSource | undefined;
}) {
  switch (source) {
    case 'secret':
      return (
        <>
          <ValueText form={form} path={[...path, 'secret', 'name']} label="Secret" />
          <ValueText form={form} path={[...path, 'secret', 'key']} label="Key of the Secret" />
        </>
      );
    case 'configMap':
      return (
        <>
          <ValueText form={form} path={[...path, 'configMap', 'name']} label="ConfigMap" />
          <ValueText form={form} path={[...path, 'configMap', 'key']} label="Key of the ConfigMap" />
        </>
      );
    case 'environment':
      return (
        <ValueText form={form} path={[...path, 'environment']} label="Variable" placeholder="PGPASSWORD" />
      );
    case 'file':
      return <ValueText form={form} path={[...path, 'file']} label="File" placeholder="~/.secrets/orders" />;
    case 'command':
      return <ProgramField form={form} />;
    case 'auto':
    case 'keychain':
    case 'none':
    case undefined:
      return null;
  }
}

/** It is run without a shell, so that its arguments stand apart, one on a line. */
function ProgramField({ form }: { readonly form: FormOf }) {
  const command = valueAt(form.tree, [...path, 'command']);
  const problem = problemAt(form.problems, [...path, 'command']);
  return (
    <Field.Root invalid={problem !== undefined} className="flex flex-col gap-1">
      <Field.Label className="font-medium">Program</Field.Label>
      <Field.Control
        value={Array.isArray(command) ? command.map(String).join('\n') : ''}
        onValueChange={(text) => form.change({ path: [...path, 'command'], value: text.split('\n') })}
        render={
          <textarea
            rows={3}
            spellCheck={false}
            className="mono rounded border border-edge bg-surface px-2 py-1.5 data-[invalid]:border-needs"
          />
        }
      />
      <Field.Description className="text-sm text-muted">
        The program, then each of its arguments on a line of its own
      </Field.Description>
      <Field.Error match={problem !== undefined} className="text-sm text-needs">
        {problem}
      </Field.Error>
    </Field.Root>
  );
}
