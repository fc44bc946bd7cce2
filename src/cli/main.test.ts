import { describe, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { AppError } from '../base/app-error.ts';
import type { ErrorCode } from '../contract/error-codes.ts';

describe('the command line', () => {
  it('lists all commands in groups without loading them', async () => {
    using cli = new FakeCli();
    expect(await cli.run()).toBe(0);
    expect(cli.stdout.text).toMatch(/^Usage: sallyport \[options\] \[command\]/);
    expect(cli.stdout.text).toMatch(/\nTunnels:\n {2}up +bring tunnels up/);
    expect(cli.stdout.text).toMatch(/\nWithout a daemon:\n {2}forward +forward local ports/);
  });

  it.each([[['help', 'up']], [['up', '--help']]])('explains one command: %o', async (argv) => {
    using cli = new FakeCli();
    expect(await cli.run(...argv)).toBe(0);
    expect(cli.stdout.text).toContain('Usage: sallyport up [options] [names...]');
    expect(cli.stdout.text).toContain('--reason <text>');
  });

  it('is called as kubectl calls its plugins', async () => {
    using cli = new FakeCli({ program: 'kubectl sallyport' });
    await cli.run('up', '--help');
    expect(cli.stdout.text).toContain('Usage: kubectl sallyport up');
    await cli.run('up', '--nonsense');
    expect(cli.stderr.text).toContain('next:  kubectl sallyport help up');
  });

  it('names what helps as it was called, also where no error is printed', async () => {
    const error = { code: 'SP-LOGIN-REQUIRED', details: { next: 'sallyport login orders-db' } } as const;
    const asked = { kind: 'login', id: 'q1', tunnel: 'user/orders-db', askedAtMs: 1, error } as const;
    const state = { kind: 'blocked', error, sinceMs: 1 } as const;
    const tunnel = fakeTunnel({ wanted: 'on', shown: 'needs you', state, questions: ['q1'] });
    await using control = new FakeControl({ tunnels: [tunnel] })
      .on('pods', async () => ({
        name: 'orders-db',
        context: 'prod',
        server: 'https://api',
        namespace: 'data',
        target: 'svc/db',
        port: 5432,
        resolution: { kind: 'none', reason: error },
      }))
      .on('up', async () => ({ outcomes: [{ name: 'orders-db', tunnel }] }));
    control.ask(asked);
    const said = 'kubectl sallyport login orders-db';
    using pods = new FakeCli({ control, program: 'kubectl sallyport' });
    await pods.run('pods', 'orders-db');
    expect(pods.stdout.text).toContain(`next:  ${said}\n`);
    using up = new FakeCli({ control, program: 'kubectl sallyport', isTerminal: true, answers: [false] });
    control.on('answer', async () => {
      control.tell(fakeTunnel());
      return { tunnel: fakeTunnel() };
    });
    await up.run('up', 'orders-db');
    expect(up.stderr.text).toContain(`\n  ${said}\n`);
  });

  it.each([
    [['nonsense'], "unknown command 'nonsense'", 'sallyport --help'],
    [['up', '--nonsense'], "unknown option '--nonsense'", 'sallyport help up'],
    [['show'], "missing required argument 'name'", 'sallyport help show'],
    [['url', 'x', '--format', 'nonsense'], 'Allowed choices are', 'sallyport help url'],
    [['up', 'x', '--timeout', 'soon'], 'write it as 90s', 'sallyport help up'],
    [['profile', 'nonsense'], "unknown command 'nonsense'", 'sallyport --help'],
  ])('%o is a usage error in one sentence with the next step', async (argv, sentence, next) => {
    using cli = new FakeCli();
    expect(await cli.run(...argv)).toBe(2);
    expect(cli.stderr.text).toMatch(/^error: /);
    expect(cli.stderr.text).toContain(sentence);
    expect(cli.stderr.text).toContain(`next:  ${next}`);
    expect(cli.stdout.text).toBe('');
  });

  it('prints the error as JSON where JSON was asked for, but not for what a program it runs was asked', async () => {
    await using control = new FakeControl();
    using cli = new FakeCli({ control });
    await cli.run('show', 'nobody', '--json');
    expect(cli.json()).toMatchObject({ error: { code: 'SP-TUNNEL-UNKNOWN', next: expect.any(String) } });
    using other = new FakeCli({ control });
    await other.run('run', 'nobody', '--', 'x', '--json');
    expect(other.stdout.text).toBe('');
  });

  it('prints an error of a newer daemon whose code it does not know', async () => {
    await using control = new FakeControl().on('tunnels', async () => {
      throw new AppError('SP-OF-TOMORROW' as ErrorCode, { message: 'the moon is full' });
    });
    using cli = new FakeCli({ control });
    expect(await cli.run('status')).toBe(1);
    expect(cli.stderr.text).toBe('error: SP-OF-TOMORROW: the moon is full\n  SP-OF-TOMORROW · exit 1\n');
  });

  it('offers at a terminal to replace a daemon that it cannot talk to, and goes on', async () => {
    const versions = ['0.9.0'];
    await using control = new FakeControl()
      .on('tunnels', async () => {
        if (versions.at(-1) === '0.9.0')
          throw new AppError('SP-DAEMON-VERSION', { daemon: '0.9.0', client: '1' });
        return { tunnels: [] };
      })
      .on('shutdown', async () => {
        versions.push('1.0.0');
        return { pid: 1 };
      })
      .on('version', async () => ({
        version: versions.at(-1)!,
        protocol: 1,
        pid: versions.length,
        startedAtMs: 1,
      }));
    using refused = new FakeCli({ control, isTerminal: true, answers: [false] });
    expect(await refused.run('status')).toBe(9);
    expect(refused.questions[0]).toMatch(/The daemon is version 0\.9\.0.*Restart it\?/);
    using script = new FakeCli({ control });
    expect(await script.run('status')).toBe(9);
    expect(script.stderr.text).toContain('sallyport daemon restart');
    using agreed = new FakeCli({ control, isTerminal: true, answers: [true] });
    expect(await agreed.run('status')).toBe(0);
    expect(agreed.stdout.text).toContain('No tunnel is up');
  });
});
