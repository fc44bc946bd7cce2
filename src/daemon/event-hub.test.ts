import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { fakeTunnel } from '../../test/support/fake-control.ts';
import { applyEvent, type ControlView, type Hello } from '../client/control-view.ts';
import { type ControlEvent, controlEventSchema } from '../contract/control-event.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import { EventHub, type EventSink } from './event-hub.ts';

const hello: Hello = { event: 'hello', protocol: 1, version: '1', pid: 1, startedAtMs: 1 };

class Sink implements EventSink {
  readonly events: ControlEvent[] = [];
  waitingBytes = 0;
  isDropped = false;

  send(text: string): void {
    this.events.push(controlEventSchema.parse(JSON.parse(text)));
  }

  dropSlow(): void {
    this.isDropped = true;
  }

  get view(): ControlView | undefined {
    const rest = this.events.flatMap((event) => (event.event === 'hello' ? [] : [event]));
    return rest.reduce<ControlView | undefined>((view, event) => applyEvent(view, event, hello), undefined);
  }
}

function hubOf(...given: TunnelEntity[]) {
  const clock = new FakeClock();
  const tunnels = new Map(given.map((tunnel) => [tunnel.id, tunnel]));
  const hub = new EventHub({
    clock,
    hello,
    tunnels: () => [...tunnels.values()],
    tunnel: (id) => tunnels.get(id),
    questions: () => [],
    profiles: () => ({ sequence: 0, sources: [], profiles: [], refused: [], groups: [], problems: [] }),
    sandbox: () => ({ kind: 'off' }),
    maxWaitingBytes: 1000,
  });
  const change = (tunnel: TunnelEntity, what: 'state' | 'counters') => {
    tunnels.set(tunnel.id, tunnel);
    hub.tunnelChanged(tunnel.id, what);
  };
  return { clock, hub, change };
}

it('begins with hello and a snapshot, and goes on without a gap for whoever comes when', () => {
  const { hub, change } = hubOf(fakeTunnel());
  const [early, late] = [new Sink(), new Sink()];
  hub.subscribe(early);
  change(fakeTunnel({ wanted: 'on', shown: 'connecting' }), 'state');
  hub.subscribe(late);
  change(fakeTunnel({ name: 'other', id: 'user/other' }), 'state');
  hub.tunnelGone('user/orders-db');
  for (const sink of [early, late]) {
    expect(sink.events.map(({ event }) => event).slice(0, 2)).toEqual(['hello', 'snapshot']);
    expect([...(sink.view?.tunnels.keys() ?? [])]).toEqual(['user/other']);
  }
  expect(late.events).toHaveLength(4);
});

it('tells counters once a second while clients are there, the same never twice, and rests without subscribers', () => {
  const { clock, hub, change } = hubOf(fakeTunnel());
  change(fakeTunnel({ connections: 1 }), 'counters');
  expect(clock.pending).toBe(0);
  const sink = new Sink();
  const leave = hub.subscribe(sink);
  for (let count = 0; count < 50; count++) change(fakeTunnel({ connections: 2 + count }), 'counters');
  expect(sink.events).toHaveLength(2);
  clock.advance(1000);
  expect(sink.events).toHaveLength(3);
  clock.advance(5000);
  expect(sink.events).toHaveLength(3);
  change(fakeTunnel({ connections: 0 }), 'state');
  clock.advance(1000);
  expect(clock.pending).toBe(0);
  change(fakeTunnel({ connections: 1 }), 'counters');
  leave();
  expect(clock.pending).toBe(0);
});

it('tells the first subscriber of counters that moved on before a second one came', () => {
  const { clock, hub, change } = hubOf(fakeTunnel({ connections: 1 }));
  const [first, second] = [new Sink(), new Sink()];
  hub.subscribe(first);
  change(fakeTunnel({ connections: 2 }), 'counters');
  hub.subscribe(second);
  clock.advance(1000);
  for (const sink of [first, second]) {
    expect(sink.view?.tunnels.get('user/orders-db')?.connections).toBe(2);
  }
});

it('drops who takes too little, and nobody else', () => {
  const { hub, change } = hubOf(fakeTunnel());
  const [slow, quick] = [new Sink(), new Sink()];
  hub.subscribe(slow);
  hub.subscribe(quick);
  slow.waitingBytes = 1001;
  change(fakeTunnel({ wanted: 'on' }), 'state');
  change(fakeTunnel({ wanted: 'off' }), 'state');
  expect(slow.isDropped).toBe(true);
  expect(slow.events).toHaveLength(3);
  expect(quick.events).toHaveLength(4);
  expect(hub.size).toBe(1);
});
