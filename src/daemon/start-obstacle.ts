import type { ErrorData } from '../contract/error-codes.ts';
import { patternsOf } from '../profile/tightest-policy.ts';
import type { QuestionDraft } from './question-board.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** What who starts it says to the questions that its policy asks: beforehand, or as their answer. */
export interface Granted {
  readonly confirmed: boolean;
  readonly reason: string | undefined;
}

export const nothingGranted: Granted = { confirmed: false, reason: undefined };

/** What keeps a tunnel from its cluster, and the question whose answer ends that, where one does. */
export interface StartObstacle {
  readonly error: ErrorData;
  readonly question?: QuestionDraft;
}

/** The first thing that is in a start's way; undefined where nothing is. Pure. */
export function startObstacle(definition: TunnelDefinition, granted: Granted): StartObstacle | undefined {
  const { id, name, problem, trust, profile } = definition;
  const { confirm, reason, environment } = profile.policy ?? {};
  if (problem) {
    if (!trust) return { error: problem };
    const changes = trust.trust.kind === 'changed' ? trust.trust.changes : undefined;
    return {
      error: problem,
      question: { kind: 'trust', tunnel: id, profile: id, hash: trust.hash, changes },
    };
  }
  if (confirm && !granted.confirmed) {
    return {
      error: { code: 'SP-CONFIRM-REQUIRED', details: { tunnel: name } },
      question: { kind: 'confirm', tunnel: id, environment },
    };
  }
  if (reason && granted.reason === undefined) {
    const { example } = typeof reason === 'object' ? reason : {};
    const pattern = patternsOf(reason).join(' and ') || undefined;
    return {
      error: { code: 'SP-REASON-REQUIRED', details: { tunnel: name, example } },
      question: { kind: 'reason', tunnel: id, pattern, example },
    };
  }
  return undefined;
}
