import type { ControlEvent } from '../contract/control-event.ts';
import type { Question } from '../contract/control-question.ts';
import type { SandboxStatus } from '../contract/control-sandbox.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';

/** Everything that a face shows, as the events told it. */
export interface ControlView {
  readonly daemon: Extract<ControlEvent, { event: 'hello' }>;
  readonly sequence: number;
  readonly tunnels: ReadonlyMap<string, TunnelEntity>;
  readonly questions: ReadonlyMap<string, Question>;
  readonly profiles: ProfileSnapshot;
  readonly sandbox: SandboxStatus;
}

export type Hello = ControlView['daemon'];

/** The view after one event. Undefined: the events do not follow each other, and only a new subscription helps. Pure. */
export function applyEvent(
  view: ControlView | undefined,
  event: Exclude<ControlEvent, { event: 'hello' }>,
  daemon: Hello,
): ControlView | undefined {
  if (event.event === 'snapshot') {
    return {
      daemon,
      sequence: event.sequence,
      tunnels: new Map(event.tunnels.map((tunnel) => [tunnel.id, tunnel])),
      questions: new Map(event.questions.map((question) => [question.id, question])),
      profiles: event.profiles,
      sandbox: event.sandbox ?? { kind: 'unavailable' },
    };
  }
  if (view?.sequence !== event.sequence - 1) return undefined;
  const { sequence } = event;
  switch (event.event) {
    case 'tunnel':
      return { ...view, sequence, tunnels: new Map(view.tunnels).set(event.tunnel.id, event.tunnel) };
    case 'tunnel-gone':
      return { ...view, sequence, tunnels: without(view.tunnels, event.id) };
    case 'question':
      return { ...view, sequence, questions: new Map(view.questions).set(event.question.id, event.question) };
    case 'question-gone':
      return { ...view, sequence, questions: without(view.questions, event.id) };
    case 'sandbox':
      return { ...view, sequence, sandbox: event.sandbox };
    case 'profiles':
      return { ...view, sequence, profiles: event.profiles };
  }
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
