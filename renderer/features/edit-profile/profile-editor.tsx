import { Tabs } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';
import { count } from '../../../src/client/tunnel-words.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useView } from '../../state/app-state.ts';
import type { Draft } from '../../state/drafts.ts';
import type { Checked } from './checked-draft.ts';
import { ownerOfPort, problemsSoFar } from './form-fields.ts';
import { ProfileForm } from './profile-form.tsx';
import { changeText, readTree, valueAt } from './profile-text.ts';
import { YamlEditor } from './yaml-editor.tsx';

export type EditorFace = 'form' | 'yaml';

export interface ProfileEditorProps {
  readonly draft: Draft;
  readonly checked: Checked;
  /** Whether it is meant to be whole: until then nobody is told of what they have not come to yet. */
  readonly isTried: boolean;
  readonly face: EditorFace;
  readonly onFace: (face: EditorFace) => void;
  readonly onChange: (draft: Draft) => void;
  /** Of one that has no name yet: what is wrong with it. Absent: it keeps the name that it has. */
  readonly naming?: { readonly problem: string | undefined } | undefined;
}

/** One draft, as a form and as YAML. Both are of one text. */
export function ProfileEditor({
  draft,
  checked,
  isTried,
  face,
  onFace,
  onChange,
  naming,
}: ProfileEditorProps) {
  const tree = readTree(draft.text);
  const local = tree && valueAt(tree, ['local']);
  const owner = useView(({ profiles }) => ownerOfPort(local, profiles.profiles, draft.name));
  const problems = isTried || !tree ? checked.problems : problemsSoFar(checked.problems, tree);
  return (
    <Tabs.Root value={face} onValueChange={onFace} className="flex min-w-0 flex-col gap-4">
      <div className="flex items-center border-b border-line">
        <Tabs.List className="flex gap-4">
          <FaceName value="form">Form</FaceName>
          <FaceName value="yaml">YAML</FaceName>
        </Tabs.List>
        <span role="status" className="ml-auto text-sm text-needs">
          {problems.length > 0 && count(problems.length, 'problem')}
        </span>
      </div>
      {checked.error && <ErrorNote error={checked.error} tone="waiting" />}
      <Tabs.Panel value="form" tabIndex={-1}>
        {tree ? (
          <ProfileForm
            form={{
              tree,
              problems,
              change: (...changes) => onChange({ ...draft, text: changeText(draft.text, changes) }),
            }}
            portProblem={owner && `${local} is already that of ${owner}`}
          >
            {naming && <NameField draft={draft} naming={naming} onChange={onChange} />}
          </ProfileForm>
        ) : (
          <NoForm onYaml={() => onFace('yaml')}>{problems[0]?.message}</NoForm>
        )}
      </Tabs.Panel>
      <Tabs.Panel value="yaml" tabIndex={-1} className="flex flex-col gap-4">
        {naming && <NameField draft={draft} naming={naming} onChange={onChange} />}
        <YamlEditor text={draft.text} problems={problems} onChange={(text) => onChange({ ...draft, text })} />
      </Tabs.Panel>
    </Tabs.Root>
  );
}

interface NameFieldProps extends Pick<ProfileEditorProps, 'draft' | 'onChange'> {
  readonly naming: NonNullable<ProfileEditorProps['naming']>;
}

function NameField({ draft, naming, onChange }: NameFieldProps) {
  return (
    <TextField
      name="name"
      label="Name"
      value={draft.name}
      problem={naming.problem}
      onValueChange={(name) => onChange({ ...draft, name })}
    />
  );
}

/** Nothing is thrown away for the sake of a form. */
function NoForm({ children, onYaml }: { readonly children: ReactNode; readonly onYaml: () => void }) {
  return (
    <div className="flex flex-col items-start gap-2 rounded border border-l-[3px] border-l-waiting px-3 py-2">
      <p className="font-medium">As it is written now, it cannot be shown as a form</p>
      {children && <p className="text-muted wrap-anywhere">{children}</p>}
      <Button onClick={onYaml}>Show the YAML</Button>
    </div>
  );
}

function FaceName({ value, children }: { readonly value: EditorFace; readonly children: string }) {
  return (
    <Tabs.Tab
      value={value}
      className="-mb-px h-8 border-b-2 border-transparent font-medium text-muted transition-colors hover:text-text data-[active]:border-accent data-[active]:text-text"
    >
      {children}
    </Tabs.Tab>
  );
}
