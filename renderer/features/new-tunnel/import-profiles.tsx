import { FileUp } from 'lucide-react';
import { type DragEvent, useEffect, useRef, useState } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { OperationAnswer } from '../../../src/contract/control.ts';
import type { ErrorData } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useDraft } from '../../state/app-state.ts';
import { newDraft } from '../../state/drafts.ts';
import { ImportedList } from './imported-list.tsx';

/** Between the last key and the question what it is. */
const restMs = 250;
/** What the daemon takes at most. */
const maxLength = 900_000;
const example = 'kubectl port-forward -n data svc/postgres 15432:5432';

const draftKey = 'import';
const nothing = newDraft({ name: '', text: '' });

type Imported = OperationAnswer<'importProfiles'>;

type Read =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'read'; readonly of: string; readonly imported: Imported }
  | { readonly kind: 'failed'; readonly error: ErrorData };

/** What other programs wrote, or somebody typed into a terminal: what comes in is shown before anything is written. */
export function ImportProfiles() {
  const { drafts } = useAppState();
  // Kept with the drafts: who looks at one of them first, comes back to the others.
  const draft = useDraft(draftKey) ?? nothing;
  const { text } = draft;
  const setText = (written: string) => drafts.set(draftKey, { ...draft, text: written });
  const [read, setRead] = useRead(text);
  const [isOver, setOver] = useState(false);
  const fileField = useRef<HTMLInputElement>(null);
  const take = async (file: File | undefined) => {
    if (!file) return;
    if (file.size > maxLength) return setRead({ kind: 'failed', error: tooLarge });
    setText(await file.text());
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  return (
    <section
      aria-label="Paste or import"
      className="min-h-0 flex-1 overflow-y-auto"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={dropped}
    >
      <div className="mx-auto flex w-full max-w-[720px] flex-col gap-4 p-4">
        <div className="flex flex-col gap-2">
          <label htmlFor="import-text" className="font-medium">
            A kubectl line, or what kftray or kube-forwarder exported
          </label>
          <textarea
            id="import-text"
            rows={6}
            maxLength={maxLength}
            spellCheck={false}
            placeholder={example}
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
            className={classNames(
              'mono min-h-28 rounded border bg-surface px-3 py-2 leading-5 wrap-anywhere',
              isOver ? 'border-accent bg-selected' : 'border-edge',
            )}
          />
          <div className="flex items-center gap-3">
            <Button icon={FileUp} onClick={() => fileField.current?.click()}>
              Choose a file…
            </Button>
            <span className="text-muted">or drop one here. Nothing is written before you say so.</span>
            <input
              ref={fileField}
              type="file"
              accept=".json,.txt,.sh,application/json,text/plain"
              aria-label="File to import"
              tabIndex={-1}
              className="sr-only"
              onChange={({ currentTarget }) => {
                void take(currentTarget.files?.[0]);
                currentTarget.value = '';
              }}
            />
          </div>
        </div>
        {read.kind === 'failed' && <ErrorNote error={read.error} />}
        {read.kind === 'read' && (
          <ImportedList key={read.of} imported={read.imported} onDone={() => drafts.drop(draftKey)} />
        )}
      </div>
    </section>
  );
}

const tooLarge: ErrorData = { code: 'SP-IMPORT', details: { message: 'it is larger than 900 KB' } };

/** What the text means, asked of the daemon once it rests. */
function useRead(text: string): readonly [Read, (read: Read) => void] {
  const { api, clock } = useAppState();
  const [read, setRead] = useState<Read>({ kind: 'nothing' });
  useEffect(() => {
    if (text.trim() === '') return setRead({ kind: 'nothing' });
    const leaving = new AbortController();
    const timer = clock.after(restMs, async () => {
      try {
        const imported = await api.call('importProfiles', { text }, { signal: leaving.signal });
        setRead({ kind: 'read', of: text, imported });
      } catch (thrown) {
        if (leaving.signal.aborted) return;
        setRead({ kind: 'failed', error: AppError.from(thrown).toData() });
      }
    });
    return () => {
      timer.cancel();
      leaving.abort();
    };
  }, [api, clock, text]);
  return [read, setRead];
}
