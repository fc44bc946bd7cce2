import { expect, it } from 'vitest';
import { AppError } from '../../../src/base/app-error.ts';
import type { LogLine } from '../../../src/contract/control-tunnel.ts';
import { FakeControl } from '../../../test/support/fake-control.ts';
import { LogFollower } from './log-follower.ts';

const line = (sequence: number): LogLine => ({
  sequence,
  atMs: 0,
  level: 'info',
  event: `event ${sequence}`,
  fields: {},
});

/** A daemon that is asked, and answers when the test says what. */
function scripted() {
  const asked: {
    readonly after: number | undefined;
    answer: (lines: LogLine[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  let told = () => {};
  const control = new FakeControl().on('logs', ({ after }, { signal }) => {
    const { promise, resolve, reject } = Promise.withResolvers<{ lines: LogLine[] }>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    asked.push({ after, answer: (lines) => resolve({ lines }), fail: reject });
    told();
    return promise;
  });
  const nextAsked = async (index: number) => {
    while (asked.length <= index) await new Promise<void>((resolve) => (told = resolve));
    return asked[index]!;
  };
  return { control, nextAsked, asked };
}

it('reads what there is, then only what comes after', async () => {
  const { control, nextAsked } = scripted();
  let changes = 0;
  using follower = new LogFollower(control, 'orders-db', () => changes++);
  void follower.follow();
  expect(follower.now.isRead).toBe(false);
  const first = await nextAsked(0);
  expect(first.after).toBeUndefined();
  first.answer([line(-1), line(0), line(1), line(2)]);
  const second = await nextAsked(1);
  expect(second.after).toBe(2);
  second.answer([]);
  const third = await nextAsked(2);
  expect(third.after).toBe(2);
  third.answer([line(3)]);
  await nextAsked(3);
  expect(follower.now.lines.map(({ sequence }) => sequence)).toEqual([-1, 0, 1, 2, 3]);
  expect(changes).toBe(2);
});

it('waits for the first line of a tunnel that has none', async () => {
  const { control, nextAsked } = scripted();
  using follower = new LogFollower(control, 'orders-db', () => {});
  void follower.follow();
  (await nextAsked(0)).answer([]);
  expect((await nextAsked(1)).after).toBe(0);
  expect(follower.now).toEqual({ isRead: true, lines: [] });
});

it('keeps its lines and says why it ended', async () => {
  const { control, nextAsked } = scripted();
  using follower = new LogFollower(control, 'orders-db', () => {});
  const over = follower.follow();
  (await nextAsked(0)).answer([line(1)]);
  (await nextAsked(1)).fail(new AppError('SP-DAEMON-LOST'));
  await over;
  expect(follower.now.error?.code).toBe('SP-DAEMON-LOST');
  expect(follower.now.lines).toHaveLength(1);
});

it('takes its question back when it is let go of, and tells nobody', async () => {
  const { control, nextAsked, asked } = scripted();
  let changes = 0;
  const follower = new LogFollower(control, 'orders-db', () => changes++);
  const over = follower.follow();
  await nextAsked(0);
  follower[Symbol.dispose]();
  await over;
  expect([changes, asked.length]).toEqual([0, 1]);
});
