import { describe, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { AppError } from '../base/app-error.ts';
import type { Question } from '../contract/control-question.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ErrorCode } from '../contract/error-codes.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';

const sinceMs = 1_700_000_000_000;

function waiting(given: Partial<TunnelEntity> = {}): TunnelEntity {
  const reason = {
    code: 'SP-POD-NOT-READY',
    details: { pod: 'postgres-0', reason: 'CrashLoopBackOff' },
  } as const;
  return fakeTunnel({
    wanted: 'on',
    shown: 'waiting',
    state: { kind: 'waiting', reason, sinceMs },
    ...given,
  });
}

function blocked(code: ErrorCode, questions: string[]): TunnelEntity {
  const error = { code, details: { tunnel: 'orders-db', example: 'OPS-1' } };
  const local = { kind: 'tcp', address: '127.0.0.1', port: 15432 } as const;
  return fakeTunnel({
    wanted: 'on',
    shown: 'needs you',
    state: { kind: 'blocked', error, sinceMs },
    addresses: [local],
    questions,
  });
}

/** A daemon whose `up` leaves the tunnel as given. */
function daemonWith(tunnel: TunnelEntity): FakeControl {
  const control = new FakeControl({ tunnels: [fakeTunnel()] });
  return control.on('up', async ({ names }) => {
    control.tell(tunnel);
    return { outcomes: names.map((name) => ({ name, tunnel })) };
  });
}

describe('up', () => {
  it('says which pod is ready, where, and how to connect', async () => {
    await using control = new FakeControl({ tunnels: [fakeTunnel()] });
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'orders-db')).toBe(0);
    expect(cli.stdout.text).toBe(
      "● orders-db ready in 0 ms · postgres-0 · 2c98 · node-1 · primary · 127.0.0.1:15432\n  psql 'host=127.0.0.1 port=15432'\n",
    );
    expect(cli.stderr.text).toBe('');
  });

  it('waits for what is not ready, and shows on a terminal what it waits for', async () => {
    await using control = daemonWith(waiting());
    using cli = new FakeCli({ control, isTerminal: true });
    const running = cli.run('up', 'orders-db');
    await cli.said(/waiting · postgres-0 CrashLoopBackOff/);
    await cli.clock.advanceAsync(5_000);
    expect(cli.stderr.text).toContain('waiting 5 s');
    const ready = await new FakeControl({ tunnels: [fakeTunnel()] }).call('up', { names: ['orders-db'] });
    control.tell(ready.outcomes[0]!.tunnel!);
    expect(await running).toBe(0);
    expect(cli.stdout.text).toContain('● orders-db ready in 5.0 s');
    expect(cli.stderr.text.endsWith('\r\x1b[2K')).toBe(true);
  });

  it('ends with the reason when the time is over, and says that it goes on trying', async () => {
    await using control = daemonWith(waiting());
    using cli = new FakeCli({ control });
    const running = cli.run('up', 'orders-db', '--timeout', '5s');
    await expect.poll(() => cli.clock.pending).toBe(1);
    await cli.clock.advanceAsync(4_000);
    expect(await running).toBe(7);
    expect(cli.stderr.text).toBe(
      '◔ orders-db waiting · :15432; it stays up and goes on trying\n' +
        'error: postgres-0 CrashLoopBackOff\n  SP-POD-NOT-READY · exit 7\n',
    );
    expect(cli.stdout.text).toBe('');
  });

  it.each([
    ['does not exist', { code: 'SP-TARGET-NOT-FOUND', details: { target: 'service/none' } }, 'kubectl get'],
    [
      'is scaled to less',
      {
        code: 'SP-TARGET-NO-PODS',
        details: { message: 'it is scaled to 2: ordinals 0 to 1', scaledTo: 2, next: 'scale it up' },
      },
      'scale it up',
    ],
  ] as const)('ends at once where its target %s, and says so', async (_, reason, next) => {
    await using control = daemonWith(waiting({ state: { kind: 'waiting', reason, sinceMs } }));
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'orders-db')).toBe(7);
    expect(cli.stderr.text).toContain('it stays up and goes on trying');
    expect(cli.stderr.text).toContain(`next:  ${next}`);
  });

  it('does not wait with --no-wait', async () => {
    await using control = daemonWith(waiting());
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'orders-db', '--no-wait')).toBe(0);
    expect(control.calls.find(({ operation }) => operation === 'up')?.input).toMatchObject({ waitMs: 0 });
    expect(cli.stdout.text).toContain('◔ orders-db waiting');
  });

  it('takes an on-demand tunnel for done when its port is bound', async () => {
    await using control = daemonWith(fakeTunnel({ wanted: 'on', onDemand: true }));
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'orders-db')).toBe(0);
    expect(cli.stdout.text).toContain('on demand: connects when a client comes');
  });

  it('goes on with the others when one fails, and exits with the first failure', async () => {
    await using control = new FakeControl({ tunnels: [fakeTunnel()] });
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'nobody', 'orders-db')).toBe(2);
    expect(cli.stdout.text).toContain('● orders-db ready');
    expect(cli.stderr.text).toContain('there is no tunnel nobody');
  });

  it('wants a name', async () => {
    using cli = new FakeCli();
    expect(await cli.run('up')).toBe(2);
    expect(cli.stderr.text).toContain('name the tunnels to bring up, or a --group');
  });

  it('brings up a target without a profile', async () => {
    await using control = new FakeControl();
    using cli = new FakeCli({ control, cwd: '/work' });
    const argv = [
      '--target',
      'svc/web',
      '--port',
      'http',
      '-n',
      'shop',
      '--local',
      '8080',
      '--kubeconfig',
      'k',
    ];
    expect(await cli.run('up', ...argv)).toBe(0);
    expect(control.calls[0]?.input).toMatchObject({
      names: [],
      adHoc: [
        {
          name: 'web',
          target: 'svc/web',
          port: 'http',
          namespace: 'shop',
          local: 8080,
          kubeconfig: '/work/k',
        },
      ],
    });
  });
});

describe('questions', () => {
  const asked = { id: 'q1', tunnel: 'user/orders-db', askedAtMs: 1 };
  const cases: [Question, ErrorCode, string | boolean, object][] = [
    [
      { ...asked, kind: 'confirm', environment: 'production' },
      'SP-CONFIRM-REQUIRED',
      true,
      { kind: 'confirm' },
    ],
    [{ ...asked, kind: 'reason' }, 'SP-REASON-REQUIRED', 'OPS-7', { kind: 'reason', reason: 'OPS-7' }],
    [
      { ...asked, kind: 'password', user: 'app' },
      'SP-LOGIN-REQUIRED',
      's3cret',
      { kind: 'password', password: 's3cret' },
    ],
    [
      { ...asked, kind: 'login', error: { code: 'SP-LOGIN-REQUIRED', details: {} } },
      'SP-LOGIN-REQUIRED',
      true,
      { kind: 'login' },
    ],
    [
      { ...asked, kind: 'trust', profile: 'team/orders-db', hash: 'h1' },
      'SP-PROFILE-UNTRUSTED',
      true,
      { kind: 'trust', hash: 'h1' },
    ],
  ];

  it.each(cases)('$kind is asked on a terminal and answered', async (question, code, said, answer) => {
    await using control = daemonWith(blocked(code, ['q1']));
    control.ask(question);
    using cli = new FakeCli({ control, isTerminal: true, answers: [said] });
    expect(await cli.run('up', 'orders-db')).toBe(0);
    const call = control.calls.find(({ operation }) => operation === 'answer');
    expect(call?.input).toEqual({ question: 'q1', answer });
    expect(cli.questions).toHaveLength(1);
    expect(cli.stdout.text + cli.stderr.text).not.toContain('s3cret');
  });

  it('says where nobody can be asked how to give the answer beforehand', async () => {
    await using control = daemonWith(blocked('SP-REASON-REQUIRED', ['q1']));
    control.ask({ ...asked, kind: 'reason' });
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'orders-db')).toBe(5);
    expect(cli.stderr.text).toContain('next:  sallyport up orders-db --reason "OPS-1"');
    expect(control.calls.map(({ operation }) => operation)).not.toContain('answer');
  });

  it('passes on what was said beforehand', async () => {
    await using control = new FakeControl({ tunnels: [fakeTunnel()] });
    using cli = new FakeCli({ control });
    await cli.run('up', 'orders-db', '--reason', 'OPS-1', '--yes');
    expect(control.calls[0]?.input).toMatchObject({ reason: 'OPS-1', confirmed: true });
  });

  it('asks again for a reason that does not fit', async () => {
    await using control = daemonWith(blocked('SP-REASON-REQUIRED', ['q1']));
    control.ask({ ...asked, kind: 'reason' });
    const answers: unknown[] = [];
    control.on('answer', async ({ answer }) => {
      answers.push(answer);
      if (answers.length === 1) throw new AppError('SP-REASON-MISMATCH', { pattern: '^OPS-' });
      const [tunnel] = (
        await new FakeControl({ tunnels: [fakeTunnel()] }).call('up', { names: ['orders-db'] })
      ).outcomes;
      control.tell(tunnel!.tunnel!);
      return { tunnel: tunnel!.tunnel! };
    });
    using cli = new FakeCli({ control, isTerminal: true, answers: ['because', 'OPS-2'] });
    expect(await cli.run('up', 'orders-db')).toBe(0);
    expect(cli.stderr.text).toContain('the reason does not match ^OPS-');
    expect(answers).toHaveLength(2);
  });

  it('says no for who gives up', async () => {
    await using control = daemonWith(blocked('SP-CONFIRM-REQUIRED', ['q1']));
    control.ask({ ...asked, kind: 'confirm' });
    control.on('answer', async () => {
      control.tell(fakeTunnel());
      return { tunnel: fakeTunnel() };
    });
    using cli = new FakeCli({ control, isTerminal: true, answers: [undefined] });
    expect(await cli.run('up', 'orders-db')).toBe(5);
    expect(control.calls.find(({ operation }) => operation === 'answer')?.input).toMatchObject({
      answer: { kind: 'no' },
    });
  });
});

describe('a profile of others', () => {
  const profile = { cluster: { context: 'prod' }, namespace: 'data', target: 'svc/db', port: 5432 };
  const listed = {
    id: 'team/orders-db',
    name: 'orders-db',
    source: 'team',
    sourceKind: 'git',
    file: '/t/p.yaml',
    line: 3,
    profile,
    written: profile,
    trust: { kind: 'untrusted' },
    hash: 'h1',
  } as const;
  const profiles: ProfileSnapshot = {
    sequence: 1,
    sources: [{ key: 'team', kind: 'git', location: 'https://git.example.com/t', state: 'read' }],
    profiles: [listed],
    refused: [],
    groups: [],
    problems: [],
  };

  function untrusting() {
    const control = new FakeControl({ tunnels: [fakeTunnel({ id: 'team/orders-db' })], profiles });
    let isTrusted = false;
    const { calls } = control;
    const inMemory = new FakeControl({ tunnels: [fakeTunnel({ id: 'team/orders-db' })] });
    control.on('trust', async () => {
      isTrusted = true;
      return profiles;
    });
    control.on('up', async (input) => {
      if (isTrusted) return inMemory.call('up', input);
      const error = { code: 'SP-PROFILE-UNTRUSTED', details: { profile: 'team/orders-db' } } as const;
      return { outcomes: input.names.map((name) => ({ name, error })) };
    });
    return { control, calls };
  }

  it('is shown and asked about on a terminal, and starts when agreed to', async () => {
    const { control, calls } = untrusting();
    using cli = new FakeCli({ control, isTerminal: true, answers: [true] });
    expect(await cli.run('up', 'orders-db')).toBe(0);
    expect(cli.stderr.text).toContain('team/orders-db (/t/p.yaml:3):\n  cluster:\n    context: prod\n');
    expect(calls.find(({ operation }) => operation === 'trust')?.input).toMatchObject({ hash: 'h1' });
    expect(cli.stdout.text).toContain('● orders-db ready');
  });

  it('does not start without a terminal', async () => {
    const { control, calls } = untrusting();
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'orders-db')).toBe(5);
    expect(cli.stderr.text).toContain('sallyport profile trust team/orders-db');
    expect(calls.map(({ operation }) => operation)).not.toContain('trust');
  });

  it('does not start when it is refused, and may be agreed to beforehand', async () => {
    const { control } = untrusting();
    using cli = new FakeCli({ control, isTerminal: true, answers: [false] });
    expect(await cli.run('up', 'orders-db')).toBe(5);
    using script = new FakeCli({ control });
    expect(await script.run('profile', 'trust', 'orders-db')).toBe(5);
    expect(await new FakeCli({ control }).run('profile', 'trust', 'orders-db', '--yes')).toBe(0);
    expect(await new FakeCli({ control }).run('up', 'orders-db')).toBe(0);
  });
});
