import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { FakeLink, FakePod } from '../../test/support/fake-upstream.ts';
import { AppError } from '../base/app-error.ts';
import type { ConnectionEvent } from './connection-event.ts';
import type { ConnectionHost, LocalConnection } from './connection-host.ts';
import { ConnectionRecord, type Opened } from './connection-record.ts';

function setUp() {
  const clock = new FakeClock();
  const events: ConnectionEvent[] = [];
  const heard: string[] = [];
  const nothing = () => {};
  const host: ConnectionHost = {
    clock,
    submit: nothing,
    hold: nothing,
    withdraw: nothing,
    served: ({ pod }) => heard.push(`served by ${pod.uid}`),
    refused: nothing,
    inconclusive: nothing,
    event: (event) => events.push(event),
    gone: ({ id }) => heard.push(`${id} is gone`),
  };
  const connection: LocalConnection = {
    id: 7,
    heldSinceMs: clock.nowMs(),
    traffic: { receivedBytes: 2, sentBytes: 1 },
    start: nothing,
    attempt: nothing,
    cutOff: nothing,
    stop: nothing,
  };
  const record = new ConnectionRecord({ connection, peer: undefined, host });
  const opened = (uid: string): Opened => {
    const pod = new FakePod(uid);
    const link = new FakeLink(pod);
    const route = { link, pod: pod.identity, port: 5432, round: 1, throughAfterMs: 50, refusalEnds: false };
    const stream = Object.assign(new PassThrough(), { answered: true, lend: nothing, auditId: 'audit' });
    const nowMs = clock.nowMs();
    return { route, stream, startedMs: nowMs - 5, openedMs: nowMs, answeredMs: undefined };
  };
  return { clock, events, heard, connection, record, opened };
}

it('a connection starts once, however often it gets through; each time its wait is over and its pod has served', () => {
  const { clock, events, heard, connection, record, opened } = setUp();
  clock.advance(100);
  record.gotThrough(opened('a'));
  expect(connection.heldSinceMs).toBeUndefined();
  connection.heldSinceMs = clock.nowMs();
  record.gotThrough(opened('b'));
  expect(connection.heldSinceMs).toBeUndefined();
  expect(heard).toEqual(['served by a', 'served by b']);
  expect(events).toMatchObject([
    {
      kind: 'start',
      connection: 7,
      pod: { uid: 'a' },
      port: 5432,
      auditId: 'audit',
      heldMs: 100,
      connectMs: 5,
    },
  ]);
});

it('a connection ends once, with why, and is gone after that is told', () => {
  const { clock, events, heard, record } = setUp();
  clock.advance(300);
  record.error = new AppError('SP-STREAM-RESET').toData();
  record.over();
  record.over();
  expect(heard).toEqual(['7 is gone']);
  const traffic = { receivedBytes: 2, sentBytes: 1 };
  const error = { code: 'SP-STREAM-RESET' };
  expect(events).toMatchObject([
    { kind: 'end', connection: 7, pod: undefined, ...traffic, durationMs: 300, error },
  ]);
});
