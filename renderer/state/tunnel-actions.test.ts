import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/base/app-error.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { TunnelActions } from './tunnel-actions.ts';
import { ViewStore } from './view-store.ts';

const id = 'user/orders-db';

async function actionsOf(control: FakeControl) {
  const view = new ViewStore(control, (flush) => flush());
  await Promise.resolve();
  return new TunnelActions(control, view);
}

describe('what is asked of a tunnel', () => {
  it('is done once at a time', async () => {
    const control = new FakeControl({ tunnels: [fakeTunnel()] });
    const actions = await actionsOf(control);
    const first = actions.run('up', id);
    expect(actions.of(id)).toEqual({ running: 'up' });
    await actions.run('up', id);
    await first;
    expect(control.calls.map(({ operation }) => operation)).toEqual(['up']);
    expect(actions.of(id)).toEqual({});
  });

  it('leaves its failure with the tunnel until the next try', async () => {
    const control = new FakeControl({ tunnels: [fakeTunnel()] });
    const actions = await actionsOf(control);
    const error = new AppError('SP-LOCAL-PORT-IN-USE', { port: 15432 });
    control.on('up', async () => ({ outcomes: [{ name: id, error: error.toData() }] }));
    await actions.run('up', id);
    expect(actions.of(id)).toEqual({ error: error.toData() });
    control.on('up', async () => {
      throw new AppError('SP-DAEMON-LOST');
    });
    const again = actions.run('up', id);
    expect(actions.of(id)).toEqual({ running: 'up' });
    await again;
    expect(actions.of(id).error?.code).toBe('SP-DAEMON-LOST');
  });
});

describe('whose questions are shown', () => {
  const asks = fakeTunnel({ wanted: 'on', shown: 'needs you', questions: ['q'] });

  it('are those of the tunnel that was opened here, until it is ready', async () => {
    const control = new FakeControl({ tunnels: [fakeTunnel()] });
    control.on('up', async () => {
      control.tell(asks);
      return { outcomes: [{ name: id, tunnel: asks }] };
    });
    const actions = await actionsOf(control);
    expect(actions.asking()).toBeUndefined();
    await actions.run('up', id);
    expect(actions.asking()).toBe(id);
    control.tell({ ...asks, shown: 'ready', questions: [] });
    expect(actions.asking()).toBeUndefined();
  });

  it('are those of the tunnel whose answer came before its event, whatever is told of others between', async () => {
    const off = fakeTunnel();
    const other = fakeTunnel({ name: 'other' });
    const control = new FakeControl({ tunnels: [off, other] });
    control.on('up', async () => ({ outcomes: [{ name: id, tunnel: asks }] }));
    const actions = await actionsOf(control);
    await actions.run('up', id);
    control.tell({ ...other, connections: 1 });
    expect(actions.asking()).toBe(id);
    control.tell(asks);
    expect(actions.asking()).toBe(id);
    // Its event has come: what is shown counts from now on.
    control.tell(off);
    expect(actions.asking()).toBeUndefined();
  });

  it('are none of one that another face opened, nor of one that was ready long ago', async () => {
    const control = new FakeControl({ tunnels: [fakeTunnel()] });
    const actions = await actionsOf(control);
    await actions.run('up', id);
    control.tell(fakeTunnel({ wanted: 'on', shown: 'ready' }));
    control.tell(asks);
    expect(actions.asking()).toBeUndefined();
  });

  it('are put off, and come back when they are asked for', async () => {
    const control = new FakeControl({ tunnels: [asks] });
    const actions = await actionsOf(control);
    actions.ask(id);
    expect(actions.asking()).toBe(id);
    actions.stopAsking();
    expect(actions.asking()).toBeUndefined();
  });
});
