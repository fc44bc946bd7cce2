import type { ControlView } from '../../src/client/control-view.ts';
import type { Question } from '../../src/contract/control-question.ts';
import type { TunnelEntity } from '../../src/contract/control-tunnel.ts';

/** The first question that a start of the tunnel waits for. */
export function startQuestion(
  { questions }: Pick<ControlView, 'questions'>,
  tunnel: TunnelEntity,
): Question | undefined {
  return tunnel.questions.map((id) => questions.get(id)).find(Boolean);
}

/** The first that is asked about a tunnel: what a start waits for, else what something of it was asked for, as a password to copy. */
export function questionOf(
  view: Pick<ControlView, 'questions' | 'tunnels'>,
  id: string,
): Question | undefined {
  const tunnel = view.tunnels.get(id);
  return (
    (tunnel && startQuestion(view, tunnel)) ??
    [...view.questions.values()].find((question) => question.tunnel === id)
  );
}
