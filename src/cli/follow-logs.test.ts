import { expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { AppError } from '../base/app-error.ts';
import type { HandledInput } from '../contract/control.ts';
import type { LogLine } from '../contract/control-tunnel.ts';

const line = (sequence: number, event: string): LogLine => ({
  sequence,
  atMs: 1,
  level: 'info',
  event,
  fields: {},
});

const fakeStartedAtMs = new FakeControl().hello.startedAtMs;

type Answer = { readonly lines: LogLine[] } | { readonly error: AppError };

/** `logs` as a script: what each call is answered; the one after them waits for ever. */
function following(...answers: Answer[]) {
  const asked: HandledInput<'logs'>[] = [];
  const control = new FakeControl({ tunnels: [fakeTunnel()] });
  control.on('logs', async (input, { signal }) => {
    asked.push(input);
    const answer = answers.shift();
    if (!answer)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    if ('error' in answer) throw answer.error;
    return { lines: answer.lines };
  });
  const cli = new FakeCli({ control });
  return { control, cli, asked, running: cli.run('logs', '-f', 'orders-db', '-n', '5') };
}

it('goes on after the last line that it had, and ends with 0 by a signal', async () => {
  const { cli, asked, running } = following(
    { lines: [line(3, 'first'), line(4, 'second')] },
    { lines: [] },
    { lines: [line(5, 'third')] },
  );
  await cli.said(/first\n.*second\n.*third\n/);
  cli.signal();
  expect(await running).toBe(0);
  expect(asked.map(({ after, limit, waitMs }) => [after, limit, waitMs > 0])).toEqual([
    [undefined, 5, false],
    [4, 1_000, true],
    [4, 1_000, true],
    [5, 1_000, true],
  ]);
  expect(cli.stderr.text).toBe('');
});

it.each([
  ['the next daemon with its first line', 1, 0],
  ['the same daemon where it was', fakeStartedAtMs, 7],
])('waits for a daemon that is away, and goes on with %s', async (_what, startedAtMs, after) => {
  const lost = { error: new AppError('SP-DAEMON-LOST', { message: 'it ended' }) };
  const { control, cli, asked, running } = following({ lines: [line(7, 'before')] }, lost, {
    lines: [line(after + 1, 'after it')],
  });
  // Who was there at first; events come from the one that the fake is.
  control.on('version', async () => ({ ...control.hello, startedAtMs }));
  await cli.said(/after it/);
  cli.signal();
  expect(await running).toBe(0);
  expect(asked.map((input) => input.after)).toEqual([undefined, 7, after, after + 1]);
  expect(cli.stderr.text).toContain('waiting for the next daemon');
});

it('says what else goes wrong', async () => {
  const { cli, running } = following({ error: new AppError('SP-TUNNEL-UNKNOWN', { name: 'orders-db' }) });
  expect(await running).toBe(2);
  expect(cli.stderr.text).toContain('there is no tunnel orders-db');
});
