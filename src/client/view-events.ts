import type { ControlEvent } from '../contract/control-event.ts';
import type { ControlView } from './control-view.ts';

/**
 * The events that lead from one view to another, as a daemon would have sent them: what a face that was told of the first has to be told
 * now. Without a first one, and with one of another daemon, hello and a snapshot. Sequence numbers follow those of `before`. Pure.
 */
export function viewEvents(
  before: ControlView | undefined,
  after: ControlView,
  sequence: number,
): ControlEvent[] {
  if (!before || before.daemon !== after.daemon) {
    const { daemon, tunnels, questions, profiles, sandbox } = after;
    return [
      daemon,
      {
        event: 'snapshot',
        sequence,
        tunnels: [...tunnels.values()],
        questions: [...questions.values()],
        profiles,
        sandbox,
      },
    ];
  }
  const events: ControlEvent[] = [];
  const next = () => sequence + events.length;
  // Before tunnels, which name profiles and questions.
  if (before.profiles !== after.profiles)
    events.push({ event: 'profiles', sequence: next(), profiles: after.profiles });
  if (before.sandbox !== after.sandbox)
    events.push({ event: 'sandbox', sequence: next(), sandbox: after.sandbox });
  for (const [id, question] of after.questions)
    if (before.questions.get(id) !== question) events.push({ event: 'question', sequence: next(), question });
  for (const [id, tunnel] of after.tunnels)
    if (before.tunnels.get(id) !== tunnel) events.push({ event: 'tunnel', sequence: next(), tunnel });
  for (const id of before.tunnels.keys())
    if (!after.tunnels.has(id)) events.push({ event: 'tunnel-gone', sequence: next(), id });
  for (const id of before.questions.keys())
    if (!after.questions.has(id)) events.push({ event: 'question-gone', sequence: next(), id });
  return events;
}
