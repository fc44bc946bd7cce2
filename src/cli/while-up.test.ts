import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { AppError } from '../base/app-error.ts';
import type { Profile } from '../contract/profile.ts';
import type { ListedProfile, ProfileSnapshot } from '../contract/profile-snapshot.ts';

const base: Profile = {
  cluster: { context: 'prod' },
  namespace: 'data',
  target: 'sts/postgres/0',
  port: 5432,
};

function listed(name: string, profile: Partial<Profile>, sourceKind: 'user' | 'git' = 'user'): ListedProfile {
  const source = sourceKind === 'user' ? 'user' : 'team';
  const whole = { ...base, ...profile };
  return {
    id: `${source}/${name}`,
    name,
    source,
    sourceKind,
    file: '/f',
    line: 1,
    profile: whole,
    written: whole,
    trust: { kind: 'own' },
    hash: 'h',
  };
}

function snapshot(...profiles: ListedProfile[]): ProfileSnapshot {
  return { sequence: 1, sources: [], profiles, refused: [], groups: [], problems: [] };
}

const orders = listed('orders-db', {
  kind: 'postgres',
  connection: { database: 'orders', user: 'app', password: { environment: 'ORDERS_PW' } },
});

function daemon(profiles = snapshot(orders)): FakeControl {
  return new FakeControl({
    tunnels: [fakeTunnel(), fakeTunnel({ name: 'cache', kind: 'redis', localPort: 16379 })],
    profiles,
  });
}

/** What was brought up was given back by the same lease. */
function releasedLease(control: FakeControl): boolean {
  const leaseOf = (operation: string) =>
    control.calls.flatMap((call) =>
      call.operation === operation && 'lease' in call.input ? [call.input.lease] : [],
    );
  const [released] = leaseOf('release');
  return released !== undefined && leaseOf('up').includes(released);
}

const operations = (control: FakeControl) => control.calls.map(({ operation }) => operation);

describe('run', () => {
  it('gives the command its environment and its exit code, and takes down what it brought up', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control, env: { ORDERS_PW: 's3cret' } });
    cli.programExitCode = 7;
    expect(await cli.run('run', 'orders-db', '--', 'npm', 'test', '--json')).toBe(7);
    expect(cli.ran).toHaveLength(1);
    expect(cli.ran[0]?.words).toEqual(['npm', 'test', '--json']);
    expect(cli.ran[0]?.variables).toMatchObject({
      PGHOST: '127.0.0.1',
      PGPORT: '15432',
      PGUSER: 'app',
      PGDATABASE: 'orders',
      PGPASSWORD: 's3cret',
      DATABASE_URL: 'postgresql://app:s3cret@127.0.0.1:15432/orders',
      ORDERS_DB_PGPORT: '15432',
    });
    expect(control.view.tunnels.get('user/orders-db')?.wanted).toBe('off');
    expect(cli.stdout.text).toBe('');
  });

  it('leaves up what was up, and pauses again what was paused', async () => {
    await using control = daemon();
    await control.call('up', { names: ['orders-db'] });
    await control.call('pause', { names: ['cache'] });
    using cli = new FakeCli({ control, env: { ORDERS_PW: 'x' } });
    expect(await cli.run('run', 'orders-db', 'cache', '--', 'true')).toBe(0);
    expect(control.view.tunnels.get('user/orders-db')?.wanted).toBe('on');
    expect(control.view.tunnels.get('user/cache')?.wanted).toBe('paused');
  });

  it('runs nothing when a tunnel is not ready, and takes the others down again', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control, env: { ORDERS_PW: 'x' } });
    expect(await cli.run('run', 'orders-db', 'nobody', '--', 'true')).toBe(2);
    expect(cli.ran).toEqual([]);
    expect(control.view.tunnels.get('user/orders-db')?.wanted).toBe('off');
  });

  it('takes tunnels down when the program cannot be run', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control, env: { ORDERS_PW: 'x' } });
    cli.runProgram = async () => {
      throw new AppError('SP-PROGRAM-MISSING', { program: 'nope' });
    };
    expect(await cli.run('run', 'orders-db', '--', 'nope')).toBe(9);
    expect(cli.stderr.text).toContain('there is no program nope');
    expect(control.view.tunnels.get('user/orders-db')?.wanted).toBe('off');
  });

  it('takes down what it brought up when a signal ends the wait, and runs nothing', async () => {
    await using control = daemon();
    control.on('up', async ({ names }) => {
      const state = { kind: 'connecting', step: 'resolving', sinceMs: 1 } as const;
      const tunnel = fakeTunnel({ wanted: 'on', shown: 'connecting', state });
      control.tell(tunnel);
      return { outcomes: names.map((name) => ({ name, tunnel })) };
    });
    using cli = new FakeCli({ control, isTerminal: true });
    const running = cli.run('run', 'orders-db', '--', 'true');
    await cli.said(/connecting/);
    cli.signal();
    expect(await running).toBe(130);
    expect(cli.ran).toEqual([]);
    expect(releasedLease(control)).toBe(true);
  });

  it('gives back what it brought up when bringing it up fails half-way', async () => {
    await using control = daemon();
    control.on('up', async () => {
      throw new AppError('SP-DAEMON-LOST');
    });
    using cli = new FakeCli({ control });
    expect(await cli.run('run', 'orders-db', '--', 'true')).not.toBe(0);
    expect(cli.ran).toEqual([]);
    expect(releasedLease(control)).toBe(true);
  });

  it('asks the next daemon for its tunnels, by the same lease', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control, env: { ORDERS_PW: 'x' } });
    const held = Promise.withResolvers<never>();
    control.on('hold', () => held.promise);
    cli.runProgram = async () => {
      held.reject(new AppError('SP-DAEMON-LOST'));
      while (operations(control).filter((operation) => operation === 'up').length < 2) {
        await new Promise((resolve) => setImmediate(resolve));
        cli.clock.advance(1_000);
      }
      return 0;
    };
    expect(await cli.run('run', 'orders-db', '--', 'true')).toBe(0);
    const leases = control.calls.flatMap(({ input }) => ('lease' in input ? [input.lease] : []));
    expect(new Set(leases).size).toBe(1);
  });

  it.each([[['run', 'orders-db']], [['run', 'orders-db', '--']]])('wants a command: %o', async (argv) => {
    await using control = daemon();
    using cli = new FakeCli({ control });
    expect(await cli.run(...argv)).toBe(2);
    expect(cli.stderr.text).toContain('the command to run is missing');
    expect(operations(control)).not.toContain('up');
  });

  it('wants the variable that its profile names', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control });
    expect(await cli.run('run', 'orders-db', '--', 'true')).toBe(9);
    expect(cli.stderr.text).toContain('the variable ORDERS_PW is not set');
    expect(control.view.tunnels.get('user/orders-db')?.wanted).toBe('off');
  });

  it("never runs a command or reads a file for a profile of others', whatever it says", async () => {
    const hostile = listed(
      'orders-db',
      { kind: 'postgres', connection: { password: { command: ['touch', 'was-run'] } } },
      'git',
    );
    await using control = new FakeControl({
      tunnels: [fakeTunnel({ id: 'team/orders-db' })],
      profiles: snapshot(hostile),
    });
    const cwd = await mkdtemp(join(tmpdir(), 'hostile-'));
    onTestFinished(() => rm(cwd, { recursive: true }));
    using cli = new FakeCli({ control, cwd, env: { PATH: process.env.PATH } });
    expect(await cli.run('run', 'orders-db', '--', 'true')).toBe(2);
    expect(cli.stderr.text).toContain('only a profile of your own file may take its password from a command');
    expect(cli.ran).toEqual([]);
    expect(await readdir(cwd)).toEqual([]);
  });

  it('reads a password from what a command prints', async () => {
    const own = listed('orders-db', {
      kind: 'postgres',
      connection: { password: { command: ['echo', 's3 cret'] } },
    });
    await using control = daemon(snapshot(own));
    using cli = new FakeCli({ control, env: { PATH: process.env.PATH }, cwd: process.cwd() });
    await cli.run('run', 'orders-db', '--', 'true');
    expect(cli.ran[0]?.variables).toMatchObject({ PGPASSWORD: 's3 cret' });
  });
});

describe('psql', () => {
  it('passes on what stands behind the name, also what looks like an option of ours', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control, env: { ORDERS_PW: 'x' } });
    expect(await cli.run('psql', '--timeout', '5s', 'orders-db', '-c', 'select 1', '--help', '--json')).toBe(
      0,
    );
    expect(cli.ran[0]?.words).toEqual(['psql', '-c', 'select 1', '--help', '--json']);
    expect(cli.ran[0]?.variables).toMatchObject({ PGDATABASE: 'orders' });
  });

  it('says nothing of what other programs make of DATABASE_URL, as run does', async () => {
    const required = listed('orders-db', { kind: 'postgres', connection: { sslmode: 'require' } });
    await using control = daemon(snapshot(required));
    const told = async (...argv: string[]) => {
      using cli = new FakeCli({ control });
      expect(await cli.run(...argv)).toBe(0);
      return cli.stderr.text;
    };
    expect(await told('run', 'orders-db', '--', 'true')).toContain('warning: node-postgres');
    expect(await told('psql', 'orders-db')).not.toContain('warning');
  });

  it('is for Postgres alone', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control });
    expect(await cli.run('psql', 'cache')).toBe(2);
    expect(cli.stderr.text).toContain('cache is of kind redis');
    expect(cli.ran).toEqual([]);
  });
});

describe('connection strings', () => {
  it('copies the command of the kind, and never prints a password', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control, env: { ORDERS_PW: 's3cret' } });
    expect(await cli.run('copy', 'orders-db', '--with-password')).toBe(0);
    expect(cli.copied).toEqual(["PGPASSWORD=s3cret psql 'host=127.0.0.1 port=15432 dbname=orders user=app'"]);
    expect(cli.stdout.text).toBe('Copied the psql command of orders-db: with its password\n');
  });

  it('says where to paste what does not say so itself', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control });
    expect(await cli.run('copy', 'orders-db', '--format', 'datagrip')).toBe(0);
    expect(cli.stdout.text).toBe(
      'Copied the DataGrip data source of orders-db\n  for the Database Explorer of DataGrip and other JetBrains IDEs: +, Import from Clipboard\n',
    );
    expect(await cli.run('help', 'url')).toBe(0);
    expect(cli.stdout.text).toContain('TablePlus');
  });

  it('prints each format, in the quoting of the shell', async () => {
    await using control = daemon();
    const url = async (...argv: string[]) => {
      using cli = new FakeCli({ control, env: { SHELL: '/usr/bin/fish' } });
      expect(await cli.run('url', 'orders-db', ...argv)).toBe(0);
      return cli.stdout.text;
    };
    expect(await url()).toBe('postgresql://app@127.0.0.1:15432/orders\n');
    expect(await url('--format', 'jdbc')).toBe('jdbc:postgresql://127.0.0.1:15432/orders?user=app\n');
    expect(await url('--format', 'env')).toContain('set -gx PGPORT 15432');
    expect(await url('--format', 'env', '--shell', 'sh')).toContain('export PGPORT=15432');
  });

  it('names the formats that there are', async () => {
    await using control = daemon();
    using cli = new FakeCli({ control });
    expect(await cli.run('url', 'cache', '--format', 'jdbc')).toBe(2);
    expect(cli.stderr.text).toContain('formats there are: redis-cli, uri, env');
  });

  it('opens http in the browser', async () => {
    await using control = new FakeControl({
      tunnels: [fakeTunnel({ name: 'web', kind: 'http', localPort: 8080 })],
    });
    using cli = new FakeCli({ control });
    expect(await cli.run('open', 'web')).toBe(0);
    expect(cli.opened).toEqual(['http://127.0.0.1:8080/']);
  });
});
