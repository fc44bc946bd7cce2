import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../src/base/app-error.ts';
import { FakeClock } from '../test/support/fake-clock.ts';
import { FakeControl } from '../test/support/fake-control.ts';
import { DesktopDaemon } from './desktop-daemon.ts';

let clock: FakeClock;
let control: FakeControl;
let done: string[];
let daemon: DesktopDaemon;
/** Why nobody answers; undefined: somebody does. */
let absent: AppError | undefined;
let startFails: AppError | undefined;

const gone = (code: string) =>
  new AppError('SP-DAEMON-NOT-RUNNING', {}, Object.assign(new Error(code), { code }));

beforeEach(() => {
  clock = new FakeClock();
  control = new FakeControl();
  control.on('version', async () => {
    if (absent) throw absent;
    return control.hello;
  });
  done = [];
  absent = undefined;
  startFails = undefined;
  daemon = new DesktopDaemon({
    clock,
    control,
    start: async () => {
      done.push('start');
      if (startFails) throw startFails;
      absent = undefined;
    },
    stop: async () => {
      done.push('stop');
      if (absent) throw absent;
      absent = gone('ENOENT');
    },
  });
});

/** The daemon is gone, and the app has looked. */
async function loseAs(error: AppError): Promise<void> {
  absent = error;
  control.lose();
  await clock.advanceAsync(3_000);
}

it('takes the daemon that runs, and starts none', async () => {
  await daemon.start();
  await clock.advanceAsync(0);
  expect(done).toEqual([]);
  expect(daemon.now.kind).toBe('here');
});

it('starts one where none runs', async () => {
  absent = gone('ENOENT');
  await Promise.all([daemon.start(), daemon.start()]);
  await clock.advanceAsync(0);
  expect(done).toEqual(['start']);
  expect(daemon.now.kind).toBe('here');
});

it('says why one does not start, and starts it when it is told to again', async () => {
  absent = gone('ENOENT');
  startFails = new AppError('SP-DAEMON-START', { message: 'no room' });
  await daemon.start();
  expect(daemon.now).toMatchObject({ kind: 'lost', final: true, error: { code: 'SP-DAEMON-START' } });
  startFails = undefined;
  await daemon.start();
  await clock.advanceAsync(0);
  expect(daemon.now.kind).toBe('here');
});

describe('one that goes', () => {
  beforeEach(async () => {
    await daemon.start();
    await clock.advanceAsync(0);
  });

  it('is looked for, with the last view at hand, and is there again', async () => {
    control.lose();
    expect(daemon.now).toMatchObject({ kind: 'lost', final: false });
    expect(daemon.view).toBe(control.view);
    control.restore();
    await clock.advanceAsync(10_000);
    expect(daemon.now.kind).toBe('here');
    expect(done).toEqual([]);
  });

  it('is started again where it crashed', async () => {
    await loseAs(gone('ECONNREFUSED'));
    expect(done).toEqual(['start']);
    expect(daemon.now.kind).toBe('here');
  });

  it('is looked for until that is known, and is started again then', async () => {
    await loseAs(new AppError('SP-DAEMON-LOST', { message: 'no answer in 30000 ms' }));
    expect(done).toEqual([]);
    absent = gone('ECONNREFUSED');
    await clock.advanceAsync(3_000);
    expect(done).toEqual(['start']);
    expect(daemon.now.kind).toBe('here');
  });

  it('stays so where it was ended on purpose, until its user wants it', async () => {
    await loseAs(gone('ENOENT'));
    expect(done).toEqual([]);
    expect(daemon.now).toMatchObject({ kind: 'lost', final: true, error: { code: 'SP-DAEMON-NOT-RUNNING' } });
    await daemon.start();
    expect(done).toEqual(['start']);
  });

  it('is not started for ever where it crashes again and again', async () => {
    for (let time = 1; time <= 5; time++) await loseAs(gone('ECONNREFUSED'));
    expect(done).toEqual(['start', 'start', 'start']);
    expect(daemon.now).toMatchObject({ kind: 'lost', final: true });
    // Ten minutes later it may be another reason.
    clock.advance(600_001);
    await daemon.start();
    await clock.advanceAsync(0);
    await loseAs(gone('ECONNREFUSED'));
    expect(done).toHaveLength(5);
  });

  it('of another version is left alone, and ended only when that is asked', async () => {
    control.lose(new AppError('SP-DAEMON-VERSION', { daemon: '9.0.0' }), true);
    await clock.advanceAsync(60_000);
    expect(daemon.now).toMatchObject({ kind: 'lost', final: true, error: { code: 'SP-DAEMON-VERSION' } });
    expect(done).toEqual([]);
    await daemon.restart();
    await clock.advanceAsync(0);
    expect(done).toEqual(['stop', 'start']);
    expect(daemon.now.kind).toBe('here');
  });

  it('is let go of with the app, and not looked for any more', async () => {
    control.lose();
    await daemon[Symbol.asyncDispose]();
    absent = gone('ECONNREFUSED');
    await clock.advanceAsync(60_000);
    expect(done).toEqual([]);
  });
});
