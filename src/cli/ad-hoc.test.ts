import { describe, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl } from '../../test/support/fake-control.ts';

const target = ['up', '--target', 'sts/postgres/0', '--port', '5432', '--as', 'quick'];
const connection = ['-d', 'orders', '-u', 'app', '--sslmode', 'disable', '--password', 'env:ORDERS_PASSWORD'];

describe('a tunnel without a profile', () => {
  it('has connection hints of its own, by which its strings are written and programs run', async () => {
    await using control = new FakeControl();
    const run = async (...argv: string[]) => {
      using cli = new FakeCli({ control, env: { ORDERS_PASSWORD: 'planted' } });
      expect(await cli.run(...argv), cli.stderr.text).toBe(0);
      return cli;
    };
    const up = await run(...target, ...connection);
    expect(up.stdout.text).toContain('dbname=orders user=app');
    expect(up.stdout.text).not.toContain('planted');
    const url = await run('url', 'quick');
    expect(url.stdout.text).toBe('postgresql://app@127.0.0.1:15432/orders?sslmode=disable\n');
    const psql = await run('psql', 'quick');
    expect(psql.ran[0]).toMatchObject({
      words: ['psql'],
      variables: { PGDATABASE: 'orders', PGUSER: 'app', PGPASSWORD: 'planted' },
    });
  });

  it('is of the kind that its port tells, unless that is said', async () => {
    await using control = new FakeControl();
    const kindOf = async (...argv: string[]) => {
      using cli = new FakeCli({ control });
      expect(await cli.run(...argv), cli.stderr.text).toBe(0);
      return control.view.tunnels.get('ad-hoc/quick')?.kind;
    };
    expect(await kindOf(...target)).toBe('postgres');
    expect(await kindOf(...target, '--kind', 'tcp')).toBe('tcp');
  });

  it.each([
    { KUBECONFIG: '/clusters/a', flags: [], expected: '/clusters/a' },
    { KUBECONFIG: 'a', flags: [], expected: '/work/a' },
    { KUBECONFIG: '/clusters/a', flags: ['--kubeconfig', 'b'], expected: '/work/b' },
    { KUBECONFIG: '/clusters/a:/clusters/b', flags: [], expected: undefined },
    { KUBECONFIG: undefined, flags: [], expected: undefined },
  ])('is of the cluster that its shell is at, whoever started the daemon: %o', async (given) => {
    await using control = new FakeControl();
    using cli = new FakeCli({ control, cwd: '/work', env: { KUBECONFIG: given.KUBECONFIG } });
    await cli.run(...target, ...given.flags);
    const { input } = control.calls.find(({ operation }) => operation === 'up')!;
    expect((input as { adHoc: { kubeconfig?: string }[] }).adHoc[0]?.kubeconfig).toBe(given.expected);
  });

  it.each([
    ['--database', 'orders'],
    ['--local', '15432'],
    ['--namespace', 'data'],
    ['--kind', 'redis'],
  ])('is what %s describes: with a name it is refused', async (option, value) => {
    await using control = new FakeControl();
    using cli = new FakeCli({ control });
    expect(await cli.run('up', 'orders-db', option, value)).toBe(2);
    expect(cli.stderr.text).toContain(`${option} belongs to a --target`);
    expect(control.calls).toEqual([]);
  });
});
