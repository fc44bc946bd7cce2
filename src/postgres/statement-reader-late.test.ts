import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLog } from '../base/log.ts';
import { StatementReader } from './statement-reader.ts';

const started = vi.hoisted(() => [] as EventEmitter[]);
vi.mock('node:worker_threads', () => ({ Worker: workerClass() }));

/** A thread that answers when the test says so. */
function workerClass() {
  return class extends EventEmitter {
    constructor() {
      super();
      started.push(this);
    }
    unref(): void {}
    postMessage(): void {}
    async terminate(): Promise<void> {}
  };
}

it('what a thread says after it was given up is not of the statements asked since', async () => {
  const clock = new FakeClock();
  await using reader = new StatementReader({ clock, log: silentLog });
  const first = reader.read('select slow');
  await nextTurn();
  clock.advance(2_000);
  expect(await first).toEqual({ kind: 'unread' });

  clock.advance(10_000);
  const second = reader.read('select other');
  await nextTurn();
  started[0]?.emit('message', ['1111111111111111']);
  started[1]?.emit('message', ['2222222222222222']);
  expect(await second).toEqual({ kind: 'read', fingerprint: '2222222222222222' });
});
