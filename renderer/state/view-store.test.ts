import { expect, it } from 'vitest';
import { AppError } from '../../src/base/app-error.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { ViewStore } from './view-store.ts';

/** A store whose frames come when the test says so. */
async function storeOf(control: FakeControl) {
  const frames: (() => void)[] = [];
  const store = new ViewStore(control, (flush) => void frames.push(flush));
  const frame = () => {
    for (const flush of frames.splice(0)) flush();
  };
  // The subscription's snapshot.
  await Promise.resolve();
  frame();
  return { store, frame, frames };
}

it('tells who listens to one tunnel of that one alone, once a frame however often it changed', async () => {
  const control = new FakeControl({ tunnels: [fakeTunnel(), fakeTunnel({ name: 'reports' })] });
  const { store, frame, frames } = await storeOf(control);
  const told: string[] = [];
  store.subscribeTunnel('user/orders-db', () => void told.push('orders-db'));
  store.subscribeTunnel('user/reports', () => void told.push('reports'));
  store.subscribe(() => void told.push('all'));
  for (let connections = 1; connections <= 50; connections++) control.tell(fakeTunnel({ connections }));
  expect(frames).toHaveLength(1);
  expect(told).toEqual([]);
  frame();
  expect(told).toEqual(['orders-db', 'all']);
  expect(store.tunnel('user/orders-db')?.connections).toBe(50);
  const { link } = store;
  control.tell(fakeTunnel());
  frame();
  expect(store.link).toBe(link);
});

it('keeps what it heard last while the daemon is away, and says so', async () => {
  const control = new FakeControl({ tunnels: [fakeTunnel()] });
  const { store, frame } = await storeOf(control);
  expect(store.link).toEqual({ kind: 'live' });
  control.lose(new AppError('SP-DAEMON-LOST', { message: 'gone' }));
  frame();
  expect(store.link).toEqual({
    kind: 'lost',
    error: { code: 'SP-DAEMON-LOST', details: { message: 'gone' } },
    final: false,
  });
  expect(store.tunnel('user/orders-db')).toBeDefined();
  control.restore();
  frame();
  expect(store.link).toEqual({ kind: 'live' });
});

it('loses no change that came in the frame in which the daemon went', async () => {
  const control = new FakeControl({ tunnels: [fakeTunnel()] });
  const { store, frame } = await storeOf(control);
  control.tell(fakeTunnel({ connections: 7 }));
  control.lose();
  frame();
  expect(store.link.kind).toBe('lost');
  expect(store.tunnel('user/orders-db')?.connections).toBe(7);
});

it('hears nothing any more when it is over', async () => {
  const control = new FakeControl({ tunnels: [fakeTunnel()] });
  const { store, frames } = await storeOf(control);
  store[Symbol.dispose]();
  control.tell(fakeTunnel({ connections: 1 }));
  expect(frames).toEqual([]);
});
