import { count, newPodWords, podWords, timeWords } from '../../../src/client/tunnel-words.ts';
import type { Question } from '../../../src/contract/control-question.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import type { TunnelState } from '../../../src/contract/tunnel-state.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { questionOf } from '../../state/questions.ts';
import { questionWords } from '../questions/question-words.ts';
import { isSandboxTunnel } from '../sandbox/sandbox-words.ts';
import { ProlongButton } from '../tunnel-detail/prolong-button.tsx';
import { answerLabel } from './primary-action.ts';

/** What is to be said besides the state: why it waits, what it needs, what ends it soon. Nothing where all is well. */
export function StateNote({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { state, held, limit, notices = [], unrecorded, profileChanged, profileProblem } = tunnel;
  const asked = useView((view) => questionOf(view, tunnel.id));
  const answer = asked && <AnswerButton asked={asked} />;
  const isForStart = asked !== undefined && tunnel.questions.includes(asked.id);
  // What is told of a database to whoever may change its profile: of the sandbox's nobody can.
  const isSandbox = useView(({ sandbox }) => isSandboxTunnel(sandbox, tunnel.id)) ?? false;
  return (
    <>
      {state.kind === 'blocked' && <ErrorNote error={state.error} action={isForStart && answer} />}
      {asked && !isForStart && (
        <div className="flex items-center justify-between gap-3">
          <p className="font-medium">{questionWords(asked, tunnel.name).title}</p>
          {answer}
        </div>
      )}
      {state.kind === 'off' && state.reason && <ErrorNote error={state.reason} />}
      {state.kind === 'waiting' && <ErrorNote error={state.reason} tone="waiting" />}
      {state.kind === 'waiting' && <Outlook {...state} held={held} />}
      {unrecorded && <ErrorNote error={unrecorded} tone="waiting" />}
      {profileProblem && <ErrorNote error={profileProblem} tone="waiting" />}
      {profileChanged && !profileProblem && (
        <p className="text-muted">Its profile has changed. A restart takes that up.</p>
      )}
      {limit?.isNear && <LimitNote tunnel={tunnel} />}
      {!isSandbox &&
        notices.map((notice) => (
          <p key={notice} className="text-muted">
            {notice}
          </p>
        ))}
    </>
  );
}

interface OutlookProps extends Pick<Extract<TunnelState, { kind: 'waiting' }>, 'pod' | 'lastPod'> {
  readonly held: number;
}

/** Who is to answer next, who did last, and who waits for it. */
function Outlook({ pod, lastPod, held }: OutlookProps) {
  const sentences = [
    pod && `Expected: ${newPodWords(pod, lastPod)}.`,
    !pod && lastPod && `It was answered by ${podWords(lastPod)}.`,
    held > 0 && `${count(held, 'connection')} held until one answers.`,
  ].filter(Boolean);
  return sentences.length > 0 && <p className="text-muted">{sentences.join(' ')}</p>;
}

function AnswerButton({ asked }: { readonly asked: Question }) {
  const { actions } = useAppState();
  return (
    <Button look="primary" onClick={() => actions.ask(asked.tunnel)}>
      {answerLabel[asked.kind]}
    </Button>
  );
}

function LimitNote({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { limit } = tunnel;
  if (!limit) return null;
  const at = timeWords(limit.endsAtMs).slice(11, 16);
  return (
    <div className="flex items-center justify-between gap-3">
      <p className="font-medium text-waiting">
        {limit.kind === 'time'
          ? `Its time limit ends it at ${at}.`
          : `It ends at ${at}, unless somebody connects.`}
      </p>
      <ProlongButton tunnel={tunnel} />
    </div>
  );
}
