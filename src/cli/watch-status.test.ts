import { describe, expect, it, vi } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakePod, fakeTunnel } from '../../test/support/fake-control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';

const sinceMs = 1_700_000_000_000 - 7_200_000;

function ready(given: Partial<TunnelEntity> = {}): TunnelEntity {
  return fakeTunnel({
    wanted: 'on',
    shown: 'ready',
    state: { kind: 'ready', pod: { ...fakePod, restarts: 2 }, port: 5432, sinceMs },
    addresses: [
      { kind: 'tcp', address: '::1', port: 15432 },
      { kind: 'tcp', address: '127.0.0.1', port: 15432 },
    ],
    connections: 3,
    ...given,
  });
}

const blocked = fakeTunnel({
  name: 'billing',
  wanted: 'on',
  shown: 'needs you',
  state: {
    kind: 'blocked',
    error: { code: 'SP-LOGIN-REQUIRED', details: { next: 'sallyport login billing' } },
    sinceMs,
  },
  localPort: 15434,
});

describe('status', () => {
  it('shows what is up in columns, what needs its user first', async () => {
    await using control = new FakeControl({ tunnels: [ready(), fakeTunnel({ name: 'off-one' }), blocked] });
    using cli = new FakeCli({ control });
    expect(await cli.run('status')).toBe(0);
    expect(cli.stdout.text.split('\n')).toEqual([
      expect.stringMatching(/^ {2}TUNNEL +STATE +LOCAL +POD +ROLE +NODE +RESTARTS +CONNECTIONS +SINCE$/),
      expect.stringMatching(
        /^■ billing +needs you +:15434 +the API server does not accept .*: sallyport login billing · for 2 h$/,
      ),
      expect.stringMatching(
        /^● orders-db +ready +127\.0\.0\.1:15432 +postgres-0 · 2c98 +primary +node-1 +2 +3 +2 h$/,
      ),
      '',
    ]);
  });

  it('keeps its columns where one message is long, and what is changed out of them', async () => {
    const long = 'x'.repeat(400);
    const error = { code: 'SP-LOGIN-REQUIRED', details: { next: long } } as const;
    const far = fakeTunnel({ ...blocked, state: { kind: 'blocked', error, sinceMs } });
    await using control = new FakeControl({ tunnels: [ready({ profileChanged: true }), far] });
    using cli = new FakeCli({ control });
    await cli.run('status');
    const [head = '', ...rows] = cli.stdout.text.split('\n');
    expect(head.length).toBeLessThan(130);
    expect(rows[0]).toContain(long);
    expect(rows[1]).toMatch(
      /postgres-0 · 2c98 +primary +node-1 +2 +3 +2 h +profile changed: sallyport restart orders-db$/,
    );
    expect(rows[1]?.indexOf('primary')).toBe(head.indexOf('ROLE'));
  });

  it.each([
    ['changed', { profileChanged: true }, 'profile changed: sallyport restart orders-db'],
    [
      'not agreed to any more',
      { profileProblem: { code: 'SP-PROFILE-UNTRUSTED', details: {} } },
      'profile changed: sallyport profile trust orders-db',
    ],
    [
      'refused by now',
      { profileProblem: { code: 'SP-PROFILE-INVALID', details: {} } },
      'its profile is refused: sallyport profile validate',
    ],
    ['gone', { profileProblem: { code: 'SP-PROFILE-UNKNOWN', details: {} } }, 'its profile is gone'],
  ] as const)('says what helps where the profile of a tunnel that is up is %s', async (_, given, words) => {
    await using control = new FakeControl({ tunnels: [ready(given)] });
    using cli = new FakeCli({ control });
    await cli.run('status');
    expect(cli.stdout.text).toContain(words);
    if (!words.includes('restart')) expect(cli.stdout.text).not.toContain('restart orders-db');
  });

  it('calls commands as it was called itself', async () => {
    await using control = new FakeControl({ tunnels: [blocked] });
    using cli = new FakeCli({ control, program: 'kubectl sallyport' });
    await cli.run('status');
    expect(cli.stdout.text).toContain('kubectl sallyport login billing');
  });

  it('names what was meant', async () => {
    await using control = new FakeControl({ tunnels: [ready()] });
    using cli = new FakeCli({ control });
    expect(await cli.run('status', 'order-db')).toBe(2);
    expect(cli.stderr.text).toContain('did you mean orders-db?');
  });

  it('says how to begin where nothing is up', async () => {
    using cli = new FakeCli();
    await cli.run('status');
    expect(cli.stdout.text).toBe('No tunnel is up. `sallyport list` shows what there is.\n');
  });

  it.each([
    [true, {}, true],
    [true, { NO_COLOR: '1' }, false],
    [false, {}, false],
  ])('has colour on a terminal alone (%s, %o)', async (isTerminal, env, colored) => {
    await using control = new FakeControl({ tunnels: [ready()] });
    using cli = new FakeCli({ control, isTerminal, env: { NO_COLOR: undefined, ...env } });
    await cli.run('status');
    expect(cli.stdout.text.includes('\x1b[')).toBe(colored);
  });
});

describe('status --watch', () => {
  it('prints one line a change where nobody looks at a terminal', async () => {
    await using control = new FakeControl({ tunnels: [ready()] });
    using cli = new FakeCli({ control });
    const running = cli.run('status', '--watch');
    await cli.said(/ready/);
    control.tell(ready({ connections: 4 }));
    const pod = { ...fakePod, uid: '7f3a0000-0000-4000-8000-000000000002' };
    control.tell(ready({ state: { kind: 'ready', pod, port: 5432, sinceMs } }));
    await cli.said(/7f3a/);
    control.tell(fakeTunnel());
    await cli.said(/off/);
    cli.signal();
    expect(await running).toBe(0);
    expect(cli.stdout.text.trimEnd().split('\n')).toEqual([
      expect.stringMatching(
        /^\S+ \S+ ● orders-db ready · postgres-0 · 2c98 · node-1 · primary · 127\.0\.0\.1:15432$/,
      ),
      expect.stringMatching(
        /● orders-db ready · postgres-0 is a new pod, 7f3a, was 2c98 · node-1 · primary · 127\.0\.0\.1:15432$/,
      ),
      expect.stringMatching(/○ orders-db off$/),
    ]);
  });

  it('draws the table over itself on a terminal, once a change, and gives the cursor back', async () => {
    await using control = new FakeControl({ tunnels: [ready()] });
    using cli = new FakeCli({ control, isTerminal: true });
    const write = vi.spyOn(cli.stdout, 'write');
    const running = cli.run('status', '--watch');
    await cli.said(/2c98/);
    write.mockClear();
    control.tell(blocked);
    expect(write).toHaveBeenCalledTimes(1);
    const [[drawn]] = write.mock.calls as [[string]];
    // Up over the head and the one row that was there.
    expect(drawn.startsWith('\x1b[2A\r\x1b[J')).toBe(true);
    expect(drawn.match(/orders-db|billing/g)).toContain('billing');
    control.lose();
    expect(cli.stdout.text).toContain('did not answer');
    cli.signal();
    expect(await running).toBe(0);
    expect(cli.stdout.text.endsWith('\x1b[?25h')).toBe(true);
    expect(cli.clock.pending).toBe(0);
  });

  it('says of a pod for a minute that it is new in the place of another', async () => {
    await using control = new FakeControl({ tunnels: [ready()] });
    using cli = new FakeCli({ control, isTerminal: true });
    const write = vi.spyOn(cli.stdout, 'write');
    const drawn = () => String(write.mock.calls.at(-1)?.[0]);
    const running = cli.run('status', '--watch');
    await cli.said(/2c98/);
    expect(drawn()).not.toContain('new pod');
    const reason = { code: 'SP-POD-DELETED', details: { pod: 'postgres-0' } } as const;
    control.tell(ready({ shown: 'waiting', state: { kind: 'waiting', reason, lastPod: fakePod, sinceMs } }));
    const pod = { ...fakePod, uid: '7f3a0000-0000-4000-8000-000000000002' };
    control.tell(ready({ state: { kind: 'ready', pod, port: 5432, sinceMs } }));
    expect(drawn()).toMatch(/postgres-0 · 7f3a .*new pod, 7f3a, was 2c98/);
    await cli.clock.advanceAsync(59_000);
    control.tell(ready({ state: { kind: 'ready', pod, port: 5432, sinceMs }, connections: 9 }));
    expect(drawn()).toContain('new pod');
    await cli.clock.advanceAsync(30_000);
    expect(drawn()).toContain('7f3a');
    expect(drawn()).not.toContain('new pod');
    cli.signal();
    await running;
  });

  it('counts the seconds of what waits', async () => {
    const reason = { code: 'SP-POD-DELETED', details: { pod: 'postgres-0' } } as const;
    const state = { kind: 'waiting', reason, sinceMs: 1_700_000_000_000 } as const;
    await using control = new FakeControl({ tunnels: [ready({ shown: 'waiting', state, held: 2 })] });
    using cli = new FakeCli({ control, isTerminal: true });
    const running = cli.run('status', '--watch');
    await cli.said(/postgres-0 was deleted · 2 connections held/);
    await cli.clock.advanceAsync(12_000);
    expect(cli.stdout.text).toContain('waiting 12 s');
    cli.signal();
    await running;
  });
});
