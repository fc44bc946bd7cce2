import { expect, it } from 'vitest';
import type { ControlView } from '../../src/client/control-view.ts';
import { FakeControl, fakeTunnel } from '../support/fake-control.ts';

it('brings tunnels up and tells who watches', async () => {
  await using control = new FakeControl({ tunnels: [fakeTunnel()] });
  const views: ControlView[] = [];
  using _ = control.subscribe({ onView: (view) => views.push(view) });
  const { outcomes } = await control.call('up', { names: ['orders-db', 'nobody'] });
  expect(outcomes.map(({ name, tunnel, error }) => [name, tunnel?.shown, error?.code])).toEqual([
    ['orders-db', 'ready', undefined],
    ['nobody', undefined, 'SP-TUNNEL-UNKNOWN'],
  ]);
  expect(views.at(-1)?.tunnels.get('user/orders-db')?.shown).toBe('ready');
});

it('takes no input that the contract refuses', async () => {
  await using control = new FakeControl();
  await expect(control.call('up', { names: [''] })).rejects.toMatchObject({ code: 'SP-USAGE' });
  await expect(control.call('trust', { profile: 'x' })).rejects.toMatchObject({ code: 'SP-INTERNAL' });
});

it('answers questions once', async () => {
  await using control = new FakeControl({ tunnels: [fakeTunnel()] });
  control.ask({ id: 'q1', tunnel: 'user/orders-db', askedAtMs: 1, kind: 'confirm' });
  const { tunnel } = await control.call('answer', { question: 'q1', answer: { kind: 'confirm' } });
  expect(tunnel.shown).toBe('ready');
  await expect(control.call('answer', { question: 'q1', answer: { kind: 'confirm' } })).rejects.toMatchObject(
    { code: 'SP-QUESTION-GONE' },
  );
});
