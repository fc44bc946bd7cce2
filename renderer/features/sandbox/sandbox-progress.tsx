import { Check } from 'lucide-react';
import { formatDuration } from '../../../src/base/duration.ts';
import type { SandboxStatus } from '../../../src/contract/control-sandbox.ts';
import { StateGlyph } from '../../components/state-glyph.tsx';
import { useNow } from '../../state/app-state.ts';
import { type StepState, sandboxSteps } from './sandbox-words.ts';

const spoken: Record<StepState, string> = { done: 'done', now: 'under way', later: 'to come' };

/** A start, step by step, and how long it takes already. */
export function SandboxProgress({
  status,
}: {
  readonly status: Extract<SandboxStatus, { kind: 'starting' }>;
}) {
  const forMs = useNow() - status.sinceMs;
  return (
    <ol aria-label="Starting" className="flex flex-col gap-0.5">
      {sandboxSteps(status).map(({ name, state }) => (
        <li
          key={name}
          className={`flex h-6 items-center gap-2 ${state === 'later' ? 'text-muted' : ''}`}
          aria-current={state === 'now' ? 'step' : undefined}
        >
          {state === 'done' ? (
            <Check size={12} aria-hidden className="text-accent" />
          ) : (
            <StateGlyph state={state === 'now' ? 'connecting' : 'off'} />
          )}
          <span>{name}</span>
          <span className="sr-only">{`, ${spoken[state]}`}</span>
          {state === 'now' && forMs >= 1_000 && (
            <span className="ml-auto text-muted">{formatDuration(forMs - (forMs % 1_000))}</span>
          )}
        </li>
      ))}
    </ol>
  );
}
