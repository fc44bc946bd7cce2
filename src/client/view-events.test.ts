import { expect, it } from 'vitest';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import { controlEventSchema } from '../contract/control-event.ts';
import type { Question } from '../contract/control-question.ts';
import { applyEvent, type ControlView, type Hello } from './control-view.ts';
import { viewEvents } from './view-events.ts';

const daemon: Hello = { event: 'hello', protocol: 1, version: '1.0.0', pid: 1, startedAtMs: 1 };

/** A view made of numbers: which tunnels there are and how each is, which questions, which profiles. */
function viewOf(tunnels: readonly number[], questions: readonly number[], profiles: number): ControlView {
  const question = (id: number): Question => ({
    kind: 'confirm',
    id: `q${id}`,
    tunnel: 'user/t',
    askedAtMs: id,
  });
  const known = tunnels.flatMap((how, at) =>
    how === 0 ? [] : [fakeTunnel({ id: `user/t${at}`, name: `t${at}`, connections: how })],
  );
  return {
    daemon,
    sequence: 0,
    tunnels: new Map(known.map((tunnel) => [tunnel.id, tunnel])),
    questions: new Map(questions.map((id) => [`q${id}`, question(id)])),
    profiles: { sequence: profiles, sources: [], profiles: [], refused: [], groups: [], problems: [] },
    sandbox: profiles > 1 ? { kind: 'unavailable' } : { kind: 'off' },
  };
}

const views = [
  viewOf([], [], 0),
  viewOf([1, 2], [], 0),
  viewOf([1, 3, 4], [1], 0),
  viewOf([0, 3], [1, 2], 1),
  viewOf([2, 0, 1], [2], 1),
  viewOf([], [], 2),
];

it.each(views.flatMap((before) => views.map((after) => [before, after] as const)))(
  'leads from any view to any other as a daemon would %#',
  (before, after) => {
    let told: ControlView | undefined = { ...before, sequence: 4 };
    for (const event of viewEvents(before, after, 5)) {
      expect(controlEventSchema.parse(event)).toEqual(event);
      if (event.event !== 'hello') told = applyEvent(told, event, daemon);
    }
    expect(told && { ...told, sequence: 0 }).toEqual(after);
  },
);

it('says nothing where nothing changed, and names only what did', () => {
  const [, before] = views;
  expect(viewEvents(before, { ...before! }, 5)).toEqual([]);
  const changed = fakeTunnel({ id: 'user/t0', name: 't0', connections: 9 });
  const after = { ...before!, tunnels: new Map(before!.tunnels).set('user/t0', changed) };
  expect(viewEvents(before, after, 5)).toEqual([{ event: 'tunnel', sequence: 5, tunnel: changed }]);
});

it('begins anew with another daemon', () => {
  const [, before] = views;
  const after = { ...before!, daemon: { ...daemon } };
  expect(viewEvents(before, after, 5).map(({ event }) => event)).toEqual(['hello', 'snapshot']);
  expect(viewEvents(undefined, before!, 1).map(({ event }) => event)).toEqual(['hello', 'snapshot']);
});
