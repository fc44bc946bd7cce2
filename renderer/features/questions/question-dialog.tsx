import { useState, useSyncExternalStore } from 'react';
import { AppError } from '../../../src/base/app-error.ts';
import type { Question, QuestionAnswer } from '../../../src/contract/control-question.ts';
import { type ErrorData, errorText } from '../../../src/contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { Dialog, DialogActions } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { questionOf } from '../../state/questions.ts';
import { QuestionFields } from './question-fields.tsx';
import { questionWords } from './question-words.ts';

/** A login may open a browser and wait for a person there. */
const loginTimeoutMs = 600_000;

/** The first question of the tunnel that somebody here has to do with. Another face may answer it first: then it is gone. */
export function QuestionDialog() {
  const { actions } = useAppState();
  const asking = useSyncExternalStore(actions.subscribe, actions.asking);
  const question = useView((view) => (asking === undefined ? undefined : questionOf(view, asking)));
  if (!question) return null;
  return <Asked key={question.id} question={question} />;
}

function Asked({ question }: { readonly question: Question }) {
  const { api, actions } = useAppState();
  const name = useView(({ tunnels }) => tunnels.get(question.tunnel)?.name) ?? question.tunnel;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ErrorData>();
  const words = questionWords(question, name);
  const give = async (answer: QuestionAnswer) => {
    setBusy(true);
    setError(undefined);
    try {
      await api.call('answer', { question: question.id, answer }, { timeoutMs: loginTimeoutMs });
    } catch (thrown) {
      const data = AppError.from(thrown).toData();
      if (data.code !== 'SP-QUESTION-GONE') setError(data);
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && actions.stopAsking()}
      title={words.title}
      description={words.text && <p className="text-muted">{words.text}</p>}
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void give(words.answer(new FormData(event.currentTarget)));
        }}
      >
        {question.kind === 'login' && <ErrorNote error={question.error} tone="waiting" />}
        <QuestionFields question={question} problem={error && fieldProblem(error)} />
        {error && !fieldProblem(error) && <ErrorNote error={error} />}
        {busy && question.kind === 'login' && (
          <p role="status" className="text-muted">
            The login runs. It may have opened a browser, and waits for you there.
          </p>
        )}
        <DialogActions>
          <Button look="quiet" onClick={() => actions.stopAsking()}>
            Later
          </Button>
          <Button disabled={busy} onClick={() => void give({ kind: 'no' })}>
            {words.refuse}
          </Button>
          <Button type="submit" look="primary" disabled={busy}>
            {words.accept}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** What is wrong with what was written, where another answer may do. */
function fieldProblem(error: ErrorData): string | undefined {
  if (error.code !== 'SP-REASON-MISMATCH' && error.code !== 'SP-PASSPHRASE-REFUSED') return undefined;
  return errorText(error).headline;
}
