import { describe, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { AppError } from '../base/app-error.ts';
import type { OperationAnswer } from '../contract/control.ts';
import type { Question } from '../contract/control-question.ts';
import type { Profile } from '../contract/profile.ts';

type Source = NonNullable<NonNullable<Profile['connection']>['password']>;

const tunnel = 'user/orders-db';
const passwordAsked: Question = { id: 'q1', tunnel, askedAtMs: 1, kind: 'password', user: 'app' };
const passphraseAsked: Question = { id: 'q2', tunnel, askedAtMs: 1, kind: 'passphrase', isNew: true };
const inMemory = { in: 'memory', why: 'libsecret is not installed' } as const;

/** A daemon with one profile; it asks these questions before it has the password. */
function daemon(
  source: Source,
  { questions = [], answer }: { questions?: Question[]; answer?: OperationAnswer<'password'> } = {},
): FakeControl {
  const profile: Profile = {
    cluster: { context: 'prod' },
    namespace: 'data',
    target: 'sts/postgres/0',
    port: 5432,
    kind: 'postgres',
    connection: { database: 'orders', password: source },
  };
  const listed = {
    id: tunnel,
    name: 'orders-db',
    source: 'user',
    sourceKind: 'user' as const,
    file: '/f',
    line: 1,
    profile,
    written: profile,
    trust: { kind: 'own' as const },
    hash: 'h',
  };
  const control = new FakeControl({
    tunnels: [fakeTunnel()],
    profiles: { sequence: 1, sources: [], profiles: [listed], refused: [], groups: [], problems: [] },
  });
  const left = [...questions];
  return control
    .on('password', async ({ ask }) => {
      const question = left[0];
      if (!question) return answer ?? found();
      if (!ask) throw new AppError('SP-PASSWORD-REQUIRED', { tunnel: 'orders-db' });
      return { kind: 'asked', question };
    })
    .on('answer', async ({ answer: given }) => {
      if (given.kind !== 'no') left.shift();
      return { tunnel: fakeTunnel() };
    })
    .on('keepPassword', async ({ password }) =>
      password === undefined ? { kind: 'forgotten', wasKept: true } : { kind: 'kept', kept: inMemory },
    );
}

function found(): OperationAnswer<'password'> {
  const origin = { kind: 'keychain', kept: inMemory } as const;
  return { kind: 'found', password: 's3 cret', user: 'app', origin };
}

const answers = (control: FakeControl) =>
  control.calls.flatMap(({ operation, input }) =>
    operation === 'answer' ? [(input as { answer: unknown }).answer] : [],
  );

describe('a password that the daemon has', () => {
  it('reaches the program in its environment, with the user that the Secret names, and no argument', async () => {
    await using control = daemon({ secret: { name: 'orders-app', key: 'password' } });
    using cli = new FakeCli({ control });
    expect(await cli.run('psql', 'orders-db', '-c', 'select 1')).toBe(0);
    expect(cli.ran[0]?.words).toEqual(['psql', '-c', 'select 1']);
    expect(cli.ran[0]?.variables).toMatchObject({
      PGUSER: 'app',
      PGPASSWORD: 's3 cret',
      DATABASE_URL: 'postgresql://app:s3%20cret@127.0.0.1:15432/orders',
    });
    expect(cli.stdout.text + cli.stderr.text).not.toContain('cret');
  });

  it('is written and copied on request alone', async () => {
    await using control = daemon({ keychain: true });
    const line = async (...argv: string[]) => {
      using cli = new FakeCli({ control });
      expect(await cli.run(...argv)).toBe(0);
      return [cli.stdout.text, ...cli.copied].join('');
    };
    expect(await line('url', 'orders-db')).not.toContain('cret');
    expect(control.calls.map(({ operation }) => operation)).not.toContain('password');
    expect(await line('url', 'orders-db', '--with-password')).toBe(
      'postgresql://app:s3%20cret@127.0.0.1:15432/orders\n',
    );
    expect(await line('copy', 'orders-db', '--with-password')).toContain("PGPASSWORD='s3 cret' psql");
  });

  it('that may not be read ends the command before the program runs', async () => {
    await using control = daemon({ secret: { name: 'orders-app', key: 'password' } });
    control.on('password', async () => {
      throw new AppError('SP-FORBIDDEN', {
        user: 'dev',
        verb: 'get',
        resource: 'secrets',
        namespace: 'data',
      });
    });
    using cli = new FakeCli({ control });
    expect(await cli.run('run', 'orders-db', '--', 'true')).toBe(5);
    expect(cli.stderr.text).toContain('dev may not get secrets in namespace data');
    expect(cli.ran).toEqual([]);
  });
});

describe('a password that is not kept yet', () => {
  it('is asked for on a terminal, after the passphrase where that is missing, and it is said how long it is kept', async () => {
    await using control = daemon({ keychain: true }, { questions: [passphraseAsked, passwordAsked] });
    const said = ['mistyped one', 'correct horse', 'correct horse', 'correct horse', 's3 cret'];
    using cli = new FakeCli({ control, isTerminal: true, answers: said });
    expect(await cli.run('run', 'orders-db', '--', 'true')).toBe(0);
    expect(answers(control)).toEqual([
      { kind: 'passphrase', passphrase: 'correct horse' },
      { kind: 'password', password: 's3 cret' },
    ]);
    expect(cli.questions.at(-1)).toBe('Password of app for orders-db');
    expect(cli.stderr.text).toContain('they differ');
    expect(cli.stderr.text).toContain('until the daemon ends, not for good (libsecret is not installed)');
    expect(cli.ran[0]?.variables).toMatchObject({ PGPASSWORD: 's3 cret' });
  });

  it('is an error where nobody can be asked, or gives up', async () => {
    await using control = daemon({ keychain: true }, { questions: [passwordAsked] });
    using script = new FakeCli({ control });
    expect(await script.run('run', 'orders-db', '--', 'true')).toBe(4);
    expect(script.stderr.text).toContain('sallyport password orders-db asks for it and keeps it');
    using person = new FakeCli({ control, isTerminal: true, answers: [undefined] });
    expect(await person.run('run', 'orders-db', '--', 'true')).toBe(4);
    expect([...script.ran, ...person.ran]).toEqual([]);
    expect(answers(control)).toEqual([{ kind: 'no' }]);
  });

  it('is not asked for without end', async () => {
    await using control = daemon({ keychain: true });
    control.on('password', async () => ({ kind: 'asked', question: passwordAsked }));
    using cli = new FakeCli({ control, isTerminal: true, answers: Array(20).fill('s3 cret') });
    expect(await cli.run('url', 'orders-db', '--with-password')).toBe(4);
    expect(answers(control)).toHaveLength(8);
  });
});

describe('sallyport password', () => {
  const kept = (control: FakeControl) =>
    control.calls.filter(({ operation }) => operation === 'keepPassword').map(({ input }) => input);

  it('keeps what is typed, or comes from standard input', async () => {
    await using control = daemon({ keychain: true });
    using person = new FakeCli({ control, isTerminal: true, answers: ['s3 cret '] });
    expect(await person.run('password', 'orders-db')).toBe(0);
    using script = new FakeCli({ control, stdin: 's3 cret \n' });
    expect(await script.run('password', 'orders-db')).toBe(0);
    expect(kept(control)).toMatchObject([
      { name: tunnel, password: 's3 cret ', ask: true },
      { name: tunnel, password: 's3 cret ', ask: false },
    ]);
    expect(script.stderr.text).toContain('until the daemon ends');
    expect(script.stdout.text + script.stderr.text + person.stdout.text).not.toContain('s3 cret');
  });

  it('changes nothing where nothing is given', async () => {
    await using control = daemon({ keychain: true });
    using cli = new FakeCli({ control, stdin: '\n' });
    expect(await cli.run('password', 'orders-db')).toBe(2);
    expect(kept(control)).toEqual([]);
  });

  it('forgets', async () => {
    await using control = daemon({ keychain: true });
    using cli = new FakeCli({ control });
    expect(await cli.run('password', 'orders-db', '--forget')).toBe(0);
    expect(cli.stdout.text).toBe('The password for orders-db is forgotten.\n');
    expect(kept(control)).toEqual([{ name: tunnel, folder: cli.cwd, ask: false }]);
  });
});

describe("the tunnel's own password", () => {
  const asked = (control: FakeControl) =>
    control.calls.filter(({ operation }) => operation === 'password').map(({ input }) => input);

  /** A tunnel with a gateway, whose password ends eight hours from now. */
  function withGateway(cli: { nowMs: number }): FakeControl {
    const control = daemon({ keychain: true });
    const own = fakeTunnel({ kind: 'postgres', gateway: true });
    const expiresAtMs = cli.nowMs + 8 * 3_600_000;
    const origin = { kind: 'tunnel', kept: { in: 'keychain' }, expiresAtMs } as const;
    return control
      .on('tunnel', async () => ({
        tunnel: own,
        history: [],
        connections: [],
        localPassword: { expiresAtMs },
      }))
      .on('tunnels', async () => ({ tunnels: [own] }))
      .on('password', async () => ({ kind: 'found', password: 'of-the-tunnel', user: 'app', origin }));
  }
  const nowMs = new FakeCli().clock.wallMs();

  it('ends when its user says so, and when is told apart from it', async () => {
    await using control = withGateway({ nowMs });
    using cli = new FakeCli({ control });
    expect(await cli.run('password', 'orders-db', '--local', '--expires', '8h')).toBe(0);
    expect(cli.stdout.text).toBe('of-the-tunnel\n');
    expect(cli.stderr.text).toMatch(/^note: the tunnel's password is good for 8 h, until \d{4}-/);
    expect(asked(control)).toMatchObject([{ rotate: false, expiresInMs: 28_800_000 }]);
  });

  it.each([
    ['--expires', '8h'],
    ['--local', '--expires', '0'],
    ['--local', '--expires', '9000h'],
    ['--local', '--expires', 'soon'],
  ])('is left alone by %s %s %s', async (...flags) => {
    await using control = withGateway({ nowMs });
    using cli = new FakeCli({ control });
    expect(await cli.run('password', 'orders-db', ...flags)).toBe(2);
    expect(asked(control)).toEqual([]);
  });

  it('says when it ends to who copies it or looks, and not to programs', async () => {
    await using control = withGateway({ nowMs });
    const said = async (...argv: string[]) => {
      using cli = new FakeCli({ control });
      expect(await cli.run(...argv)).toBe(0);
      return cli;
    };
    const copied = await said('copy', 'orders-db');
    expect(copied.stderr.text).toContain('good for 8 h');
    // What the gateway offers is for programs that insist on it.
    expect(copied.copied[0]).toContain('sslmode=disable');
    expect((await said('copy', 'orders-db', '--without-password')).stderr.text).toBe('');
    expect((await said('psql', 'orders-db')).stderr.text).not.toContain('good for');
    expect((await said('show', 'orders-db')).stdout.text).toMatch(
      /Password +of the tunnel, good for 8 h, until/,
    );
  });
});
