import { EventEmitter } from 'node:events';
import type { PowerMonitor } from 'electron';
import { expect, it } from 'vitest';
import { AppError } from '../src/base/app-error.ts';
import { FakeControl } from '../test/support/fake-control.ts';
import { passWake } from './power.ts';

it('wakes the daemon when the machine wakes, and when its user is back', () => {
  const monitor = new EventEmitter();
  const control = new FakeControl();
  passWake(monitor as unknown as PowerMonitor, control);
  for (const event of ['suspend', 'resume', 'lock-screen', 'unlock-screen']) monitor.emit(event);
  expect(control.calls.map(({ operation }) => operation)).toEqual(['wake', 'wake']);
});

it('starts none for it, and says nothing where none runs', async () => {
  const monitor = new EventEmitter();
  const starts: (boolean | undefined)[] = [];
  passWake(monitor as unknown as PowerMonitor, {
    async call(_operation, _input, options) {
      starts.push(options?.start);
      throw new AppError('SP-DAEMON-NOT-RUNNING');
    },
  });
  monitor.emit('resume');
  // What is not caught fails the run.
  await Promise.resolve();
  expect(starts).toEqual([false]);
});
