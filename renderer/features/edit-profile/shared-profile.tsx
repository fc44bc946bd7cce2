import { Copy } from 'lucide-react';
import type { ListedProfile } from '../../../src/contract/profile-snapshot.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { SelectField } from '../../components/select-field.tsx';
import { useAppState, useDraft } from '../../state/app-state.ts';
import { isWritten, newDraft } from '../../state/drafts.ts';
import { usePageKeys } from '../../state/page-keys.ts';
import { go } from '../../state/route.ts';
import { useContexts } from './contexts.ts';
import { startCopy } from './copy-profile.ts';
import { type FormOf, ValueText } from './form-controls.tsx';
import { profileOverride } from './override-text.ts';
import { Section } from './profile-form.tsx';
import { changeText, readTree, textOf, valueAt } from './profile-text.ts';
import { useSaveKey } from './save-keys.ts';
import { useSaving } from './save-profile.ts';
import { TaskFrame, UnsavedMark } from './task-frame.tsx';
import { YamlEditor } from './yaml-editor.tsx';

export interface SharedProfileProps {
  readonly listed: ListedProfile;
  readonly yaml: string;
}

/** Another's profile: it is to be read, and what differs on this machine to be written. */
export function SharedProfile({ listed, yaml }: SharedProfileProps) {
  const { id, name, source, sourceKind, file, override } = listed;
  const state = useAppState();
  const { drafts } = state;
  const key = `override ${id}`;
  const now = newDraft({ name, text: override ? textOf(override) : '' });
  const draft = useDraft(key) ?? now;
  const saving = useSaving();
  const isChanged = isWritten(draft);
  const read = profileOverride(readTree(draft.text) ?? {});
  const leave = () => go({ view: 'tunnels', chosen: id });
  const save = async (then?: () => void) => {
    if (read.problems.length > 0) return;
    const isSaved =
      !isChanged || (await saving.edit({ kind: 'override', source, name, override: read.override }));
    if (!isSaved) return;
    drafts.drop(key);
    then?.();
  };
  usePageKeys({ Escape: leave });
  useSaveKey(() => void save());
  const form: FormOf = {
    tree: readTree(draft.text) ?? {},
    problems: read.problems,
    change: (...changes) => drafts.set(key, { ...draft, text: changeText(draft.text, changes) }),
  };
  const owner = sourceKind === 'project' ? 'this project' : source;
  return (
    <TaskFrame
      title={name}
      about={
        <>
          <span className="min-w-0 truncate text-muted" title={file}>{`shared by ${owner}`}</span>
          <UnsavedMark isChanged={isChanged} onDiscard={() => drafts.drop(key)} />
        </>
      }
      actions={
        <>
          <Button look="quiet" icon={Copy} onClick={() => startCopy(state, { name, text: yaml })}>
            Copy to your own
          </Button>
          <span className="flex-1" />
          <Button onClick={leave}>{isChanged ? 'Later' : 'Close'}</Button>
          <Button
            look="primary"
            disabled={saving.isBusy || !isChanged || read.problems.length > 0}
            onClick={() => void save(leave)}
          >
            Save
          </Button>
        </>
      }
    >
      {saving.error && <ErrorNote error={saving.error} />}
      <div className="@container">
        <Section title="On this machine">
          <ValueText
            form={form}
            path={['port']}
            label="Local port"
            isNumber
            placeholder={sharedPort(listed)}
            hint="Empty: as it is shared"
          />
          <ContextField form={form} />
          <OffField form={form} isOffThere={listed.written.off === true} />
        </Section>
      </div>
      <section aria-label="As it is shared" className="flex flex-col gap-2">
        <h3 className="caption">As it is shared</h3>
        <p className="text-muted">
          Only its source changes it: <span className="mono select-all wrap-anywhere">{file}</span>
        </p>
        <YamlEditor text={yaml.trimEnd()} problems={[]} />
      </section>
    </TaskFrame>
  );
}

function sharedPort({ written: { local } }: ListedProfile): string {
  if (typeof local === 'number') return String(local);
  return local && 'port' in local ? String(local.port) : 'any free one';
}

function ContextField({ form }: { readonly form: FormOf }) {
  const { data } = useContexts();
  const value = String(valueAt(form.tree, ['context']) ?? '');
  const names = data?.contexts.map((context) => context.name) ?? [];
  const all = value === '' || names.includes(value) ? names : [...names, value];
  return (
    <SelectField
      label="Context"
      value={value}
      options={[['', 'the one that leads to its cluster'], ...all.map((each) => [each, each] as const)]}
      onChange={(chosen) => form.change({ path: ['context'], value: chosen || undefined })}
    />
  );
}

function OffField({ form, isOffThere }: { readonly form: FormOf; readonly isOffThere: boolean }) {
  const off = valueAt(form.tree, ['off']);
  const value = typeof off === 'boolean' ? String(off) : '';
  return (
    <SelectField
      label="Started here"
      value={value}
      options={[
        ['', `as it is shared: ${isOffThere ? 'no' : 'yes'}`],
        ['false', 'yes'],
        ['true', 'no'],
      ]}
      onChange={(chosen) =>
        form.change({ path: ['off'], value: chosen === '' ? undefined : chosen === 'true' })
      }
    />
  );
}
