import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';
import { count, limitWords, newPodWords } from '../../../src/client/tunnel-words.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAppState, useView } from '../../state/app-state.ts';
import { primaryAction } from './primary-action.ts';

/** What is to be said besides the state: why it waits, what it needs, what ends it soon. Nothing where all is well. */
export function StateNote({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { state, held, limit, notices = [], unrecorded, profileChanged, profileProblem } = tunnel;
  return (
    <>
      {state.kind === 'blocked' && (
        <ErrorNote error={state.error}>
          <AnswerButton tunnel={tunnel} />
        </ErrorNote>
      )}
      {state.kind === 'off' && state.reason && <ErrorNote error={state.reason} />}
      {state.kind === 'waiting' && (
        <>
          <ErrorNote error={state.reason} tone="waiting" />
          <p className="text-muted">
            {[
              state.pod && `Next: ${newPodWords(state.pod, state.lastPod)}.`,
              !state.pod && state.lastPod && `Last answered by ${newPodWords(state.lastPod, undefined)}.`,
              held > 0 && `${count(held, 'connection')} held until it can be served.`,
            ]
              .filter(Boolean)
              .join(' ')}
          </p>
        </>
      )}
      {unrecorded && <ErrorNote error={unrecorded} tone="waiting" />}
      {profileProblem && <ErrorNote error={profileProblem} tone="waiting" />}
      {profileChanged && !profileProblem && (
        <p className="text-muted">Its profile has changed. A restart takes that up.</p>
      )}
      {limit?.isNear && <LimitNote tunnel={tunnel} />}
      {notices.map((notice) => (
        <p key={notice} className="text-muted">
          {notice}
        </p>
      ))}
    </>
  );
}

function AnswerButton({ tunnel }: { readonly tunnel: TunnelEntity }) {
  const { actions } = useAppState();
  const asked = useView(({ questions }) => tunnel.questions.map((id) => questions.get(id)).find(Boolean));
  const action = primaryAction(tunnel, asked);
  if (action.kind !== 'answer') return null;
  return (
    <Button look="primary" onClick={() => actions.ask(tunnel.id)}>
      {action.label}
    </Button>
  );
}

function LimitNote({ tunnel }: { readonly tunnel: TunnelEntity }) {
  return <p className="font-medium text-waiting first-letter:uppercase">{limitWords(tunnel)}</p>;
}
