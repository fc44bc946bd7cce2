import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import type { ControlEvent } from '../contract/control-event.ts';
import { closeSlow, closeVersion, protocolVersion } from '../contract/control-protocol.ts';
import type { ControlView } from './control-view.ts';
import { EventFeed, type EventSocket } from './event-feed.ts';

/** One end of a connection whose other end is the test. */
class Socket implements EventSocket {
  onmessage: EventSocket['onmessage'] = null;
  onclose: EventSocket['onclose'] = null;
  onerror: EventSocket['onerror'] = null;
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }

  tell(...events: ControlEvent[]): void {
    for (const event of events) this.onmessage?.({ data: JSON.stringify(event) });
  }
}

const hello = (protocol = protocolVersion): ControlEvent => ({
  event: 'hello',
  protocol,
  version: '2.0.0',
  pid: 1,
  startedAtMs: 1,
});
const snapshot = (sequence: number): ControlEvent => ({
  event: 'snapshot',
  sequence,
  tunnels: [fakeTunnel()],
  questions: [],
  profiles: { sequence: 0, sources: [], profiles: [], refused: [], groups: [], problems: [] },
});
const gone = (sequence: number): ControlEvent => ({ event: 'tunnel-gone', sequence, id: 'user/orders-db' });

function followed() {
  const clock = new FakeClock();
  const sockets: Socket[] = [];
  const views: ControlView[] = [];
  const losses: [string, boolean][] = [];
  let isDown = false;
  const feed = new EventFeed(
    {
      clock,
      version: '1.0.0',
      random: () => 0,
      connect: async () => {
        if (isDown) throw new Error('refused');
        const socket = new Socket();
        sockets.push(socket);
        return socket;
      },
    },
    {
      onView: (view) => views.push(view),
      onLost: (error, final) => losses.push([(error as Error & { code: string }).code, final]),
    },
  );
  const refuse = (down: boolean) => {
    isDown = down;
  };
  return { clock, sockets, views, losses, feed, refuse };
}

it('shows the whole after each event, and comes again by itself when it is dropped', async () => {
  const { clock, sockets, views, losses, feed } = followed();
  await clock.advanceAsync(0);
  sockets[0]!.tell(hello(), snapshot(4), gone(5));
  expect(views.map(({ sequence, tunnels }) => [sequence, tunnels.size])).toEqual([
    [4, 1],
    [5, 0],
  ]);
  sockets[0]!.onclose?.({ code: closeSlow });
  expect(losses).toEqual([['SP-DAEMON-LOST', false]]);
  await clock.advanceAsync(100);
  sockets[1]!.tell(hello(), snapshot(9));
  sockets[0]!.tell(gone(6));
  expect(views.at(-1)).toMatchObject({ sequence: 9, daemon: { version: '2.0.0' } });
  feed[Symbol.dispose]();
  expect(sockets[1]!.isClosed).toBe(true);
  expect(clock.pending).toBe(0);
});

it('subscribes anew where an event was missed, rather than to show what is not so', async () => {
  const { clock, sockets, views, feed } = followed();
  await clock.advanceAsync(0);
  sockets[0]!.tell(hello(), snapshot(4), gone(6));
  expect(views).toHaveLength(1);
  expect(sockets[0]!.isClosed).toBe(true);
  await clock.advanceAsync(100);
  expect(sockets).toHaveLength(2);
  feed[Symbol.dispose]();
});

it('tells an outage once, and tries ever more seldom', async () => {
  const { clock, sockets, losses, refuse, feed } = followed();
  await clock.advanceAsync(0);
  sockets[0]!.tell(hello(), snapshot(1));
  refuse(true);
  sockets[0]!.onclose?.({ code: 1006 });
  for (let second = 0; second < 60; second++) await clock.advanceAsync(1_000);
  expect(losses).toHaveLength(1);
  refuse(false);
  await clock.advanceAsync(5_000);
  expect(sockets).toHaveLength(2);
  feed[Symbol.dispose]();
});

it('does not wait for ever for a daemon that says nothing', async () => {
  const { clock, sockets, losses, feed } = followed();
  await clock.advanceAsync(0);
  sockets[0]!.tell(hello());
  await clock.advanceAsync(10_000);
  expect(losses).toEqual([['SP-DAEMON-LOST', false]]);
  expect(sockets[0]!.isClosed).toBe(true);
  feed[Symbol.dispose]();
});

it.each([
  ['says so in its hello', (socket: Socket) => socket.tell(hello(protocolVersion + 1))],
  ['closes because of it', (socket: Socket) => socket.onclose?.({ code: closeVersion })],
])('ends where the daemon speaks another protocol and %s', async (_name, speak) => {
  const { clock, sockets, losses } = followed();
  await clock.advanceAsync(0);
  speak(sockets[0]!);
  expect(losses).toEqual([['SP-DAEMON-VERSION', true]]);
  await clock.advanceAsync(60_000);
  expect(sockets).toHaveLength(1);
  expect(clock.pending).toBe(0);
});
