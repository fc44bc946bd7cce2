import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { type ProfileFile, readProfileFile } from './read-profile-file.ts';

const checkTarget = (target: string) => (target.startsWith('svc') ? 'write service/NAME' : undefined);

function read(text: string, origin: 'own' | 'shared' = 'own'): ProfileFile {
  return readProfileFile(text, { file: 'f.yaml', origin, checkTarget });
}

/** `LINE:COLUMN message`, as an editor or a compiler shows it. */
function said(text: string, origin: 'own' | 'shared' = 'own'): string[] {
  return read(text, origin).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const base = 'cluster: {context: prod}, namespace: shop, target: statefulset/pg/0, port: 5432';
/** One profile with more in it; what is added starts in line 3. */
const withMore = (...lines: string[]) =>
  ['version: 1', 'profiles:', '  a:', ...lines.map((line) => `    ${line}`)].join('\n');
const whole = ['cluster: {context: prod}', 'namespace: shop', 'target: statefulset/pg/0', 'port: 5432'];

describe('readProfileFile', () => {
  it('reads everything that a profile may say', () => {
    const text = `version: 1
profiles:
  orders-db:
    description: Orders, the primary
    cluster: &prod
      server: https://api.prod.example.com:6443
      caFingerprint: ${'ab:'.repeat(31)}ab
      uid: 0e1f2a3b-0000-4000-8000-0123456789ab
    namespace: shop
    target: statefulset/postgres/0
    port: postgres
    local: { address: 127.0.0.2, port: 15432 }
    kind: postgres
    connection:
      database: orders
      user: app
      sslmode: verify-full
      pooler: transaction
      password: { secret: { name: orders-app, key: password } }
    labels: { team: shop }
    policy:
      environment: production
      reason: { pattern: '^[A-Z]+-[0-9]+', example: SHOP-1 }
      confirm: true
      timeLimit: 8h
      idleLimit: 30m
      readOnly: true
      maxConnections: 10
      statementAudit: true
    onDemand: true
  cache:
    cluster: *prod
    namespace: shop
    target: service/redis
    port: 6379
    off: true
groups:
  shop: [orders-db, cache]
overrides:
  team:
    web: { port: 8081, context: my-prod, off: false }
sources:
  team: { git: git@example.com:team/tunnels.git, tag: v1, path: db, every: 15m }
  local: { folder: ~/tunnels }
`;
    const file = read(text);
    expect(file.problems).toEqual([]);
    expect(file.profiles.map(({ name, line }) => [name, line])).toEqual([
      ['orders-db', 3],
      ['cache', 31],
    ]);
    expect(file.profiles[1]?.profile.cluster).toEqual(file.profiles[0]?.profile.cluster);
    expect(file.groups.get('shop')).toEqual(['orders-db', 'cache']);
    expect(file.overrides).toEqual({ team: { web: { port: 8081, context: 'my-prod', off: false } } });
    expect(Object.keys(file.sources)).toEqual(['team', 'local']);
  });

  it.each([
    ['version: 1\nprofiles:\n', '2:10 profiles must be a map of names to profiles, not nothing'],
    ['profiles: {}', '1:1 there is no version: it must be 1'],
    ['version: 2', '1:10 version must be 1, not 2'],
    ['[]', '1:1 the file must be a map with version and profiles, not a list'],
    ['version: 1\nprofile: {}', '2:1 unknown key "profile": did you mean profiles?'],
    ['version: 1\nx: 1', '2:1 unknown key "x": known here are version, profiles, groups, overrides, sources'],
    [
      `version: 1\nprofiles: {A: {${base}}}`,
      '2:12 "A" must be a name that starts with a letter and has at most 63 lower case letters, digits, ".", "_" and "-"',
    ],
    [withMore(...whole, 'prot: 1'), '8:5 unknown key "prot": did you mean port?'],
    [
      withMore(...whole.slice(1)),
      '3:3 profiles.a has no cluster: it must be a map with at least one of server, caFingerprint, uid and context',
    ],
    [
      withMore('cluster: {}', ...whole.slice(1)),
      '4:14 profiles.a.cluster must be a map with at least one of server, caFingerprint, uid and context',
    ],
    [
      withMore('cluster: {server: "http:/x"}', ...whole.slice(1)),
      '4:23 profiles.a.cluster.server must be an https URL without a user name, not http:/x',
    ],
    [
      withMore(...whole.slice(0, 3), 'port: 65536'),
      '7:11 profiles.a.port must be a port from 1 to 65535, not 65536',
    ],
    [
      withMore(...whole.slice(0, 3), 'port: [1]'),
      "7:11 profiles.a.port must be a port from 1 to 65535 or a port's name, not a list",
    ],
    [
      withMore(...whole, 'kind: postgress'),
      '8:11 profiles.a.kind must be one of postgres, mysql, redis, mongodb, http, tcp, not postgress: did you mean postgres?',
    ],
    [withMore(...whole, 'local: 0'), '8:12 profiles.a.local must be a port from 1 to 65535, not 0'],
    [
      withMore(...whole, 'local: {adress: 127.0.0.1, port: 1}'),
      '8:13 unknown key "adress": did you mean address?',
    ],
    [
      withMore(...whole, 'local: {address: 127.0.0.1}'),
      '8:5 profiles.a.local has no port: it must be a port from 1 to 65535',
    ],
    [
      withMore(...whole, 'connection: {password: {secret: {name: x}}}'),
      '8:29 profiles.a.connection.password.secret has no key: it must be a key of the Secret',
    ],
    [
      withMore(...whole, 'connection: {password: {keychain: true, file: /x}}'),
      '8:28 profiles.a.connection.password must be a map with one of secret, configMap, keychain, command, environment and file',
    ],
    [
      withMore(...whole, 'policy: {timeLimit: 1 day}'),
      '8:25 profiles.a.policy.timeLimit must be a duration as 90s, 30m, 8h or 1h30m, not 1 day',
    ],
    [
      withMore(...whole, 'policy: {reason: {pattern: "("}}'),
      '8:32 profiles.a.policy.reason.pattern must be a regular expression, not (',
    ],
    [
      withMore(...whole, 'local: {socket: ~/a.sock}', 'policy: {programs: [/usr/bin/psql]}'),
      '9:14 programs cannot be told apart at a unix socket, so that none would be let in: name a port in local, or leave programs out',
    ],
    [
      withMore(...whole, 'local: {socket: ~/a.sock}', 'policy: {passwordless: [/usr/bin/psql]}'),
      '9:14 programs cannot be told apart at a unix socket, so that each would need the password: name a port in local, or leave passwordless out',
    ],
    [
      withMore(...whole, 'kind: tcp', 'policy: {localPasswordLifetime: 8h}'),
      '9:14 localPasswordLifetime is for profiles of kind postgres',
    ],
    [
      withMore(...whole, 'policy: {passwordless: [psql]}'),
      '8:29 profiles.a.policy.passwordless[0] must be an absolute path, not psql',
    ],
    [
      withMore(...whole, 'kind: tcp', 'policy: {readOnly: true}'),
      '9:14 readOnly is for profiles of kind postgres',
    ],
    [
      withMore(...whole, 'kind: tcp', 'connection: {scheme: https}'),
      '9:18 scheme is for profiles of kind http',
    ],
    [withMore(...whole.slice(0, 2), 'target: svc/x', 'port: 1'), '6:13 write service/NAME'],
    [
      `version: 1\nprofiles:\n  a: {${base}, local: 1}\n  b: {${base}, local: {address: 127.0.0.1, port: 1}}`,
      '4:95 127.0.0.1:1 is already that of a (line 3): two profiles cannot listen on one address',
    ],
    [
      `version: 1\nprofiles:\n  a: {${base}}\n  a: {${base}}`,
      '4:3 this key stands here a second time: keep one of them',
    ],
    ['version: 1\ngroups: {g: []}', "2:13 groups.g must be a list of profiles' names, not a list"],
    [
      'version: 1\nsources: {a: {git: "http://x/y"}}',
      '2:20 sources.a.git must be the address of a git repository: https://…, ssh://…, git@host:path, file:///… or an absolute path, not http://x/y',
    ],
    [
      'version: 1\nsources: {a: {git: "ext::sh -c x"}}',
      '2:20 sources.a.git must be the address of a git repository: https://…, ssh://…, git@host:path, file:///… or an absolute path, not ext::sh -c x',
    ],
    [
      'version: 1\nsources: {a: {git: /x, branch: --upload-pack=x}}',
      "2:32 sources.a.branch must be a branch's name, not --upload-pack=x",
    ],
    [
      'version: 1\nsources: {a: {git: /x, path: ../x}}',
      '2:30 sources.a.path must be a path inside the repository, not ../x',
    ],
    ['a: b: c', '1:4 a value that starts on this line needs a line of its own'],
    ['a: *x', '1:4 this alias (*name) has no anchor (&name) before it'],
    ['a:\n\tb: 1', '2:1 a tab cannot indent: use spaces'],
    ['version: 1\n---\na: 1', '2:1 a second document starts here: a profile file holds one'],
    ['? [a]\n: 1', '1:3 this key must be plain text'],
  ])('%#: %s', (text, problem) => expect(said(text)).toContain(problem));

  it.each([
    ['command: [pass, show, x]', 'a shared profile may not take its password from a command'],
    ['environment: PGPASS', 'a shared profile may not take its password from an environment variable'],
    ['file: ~/.pgpass', 'a shared profile may not take its password from a file'],
  ])('refuses in a shared file a password from %s', (password, sentence) => {
    const text = withMore(...whole, 'connection:', '  password:', `    ${password}`);
    expect(read(text).problems).toEqual([]);
    const shared = read(text, 'shared');
    expect(shared.problems).toMatchObject([
      { line: 10, column: 9, message: expect.stringContaining(sentence) },
    ]);
    expect([shared.profiles, shared.refused]).toEqual([[], ['a']]);
  });

  it.each([
    [
      'connection: {certificate: {files: {certificate: ~/a.crt, key: ~/a.key}}}',
      'a shared profile may not name files of this machine',
    ],
    ['local: {socket: ~/.ssh/agent}', '8:13 a shared profile may not name a path'],
    [
      'policy: {passwordless: [/usr/bin/psql]}',
      '8:14 a shared profile may not say which of your programs need no password',
    ],
    [
      'local: {address: 0.0.0.0, port: 1}',
      '8:22 a shared profile may listen on loopback alone, not on 0.0.0.0',
    ],
  ])('refuses in a shared file %s', (line, sentence) => {
    expect(read(withMore(...whole, line)).problems).toEqual([]);
    expect(said(withMore(...whole, line), 'shared')[0]).toContain(sentence);
  });

  it.each(['overrides: {a: {b: {port: 1}}}', 'sources: {a: {folder: /x}}'])(
    'ignores and refuses in a shared file %s',
    (line) => {
      const file = read(`version: 1\n${line}`, 'shared');
      expect(file.problems).toMatchObject([
        { line: 2, column: 1, message: expect.stringContaining('your own file alone') },
      ]);
      expect([file.overrides, file.sources]).toEqual([{}, {}]);
    },
  );

  it('tells all that is wrong, in order, and keeps what is right', () => {
    const text = `version: 1\nprofiles:\n  a: {${base}, kind: x}\n  b: {${base}}\n  c: 5\ngroups:\n  g: [b, d]\n`;
    const file = read(text, 'shared');
    expect(file.problems.map(({ line, at }) => [line, at])).toEqual([
      [3, 'profiles.a.kind'],
      [5, 'profiles.c'],
      [7, 'groups.g[1]'],
    ]);
    expect(file.profiles.map(({ name }) => name)).toEqual(['b']);
    expect(file.refused).toEqual(['a', 'c']);
    expect(file.readable).toBe(true);
    expect(file.groups.size).toBe(0);
  });

  it('points into the anchor where that holds what is wrong', () => {
    const text = `version: 1\nprofiles:\n  a: {${base}, policy: &p {confirm: 1}}\n  b: {${base}, policy: *p}\n`;
    expect(read(text).problems.map(({ line, at }) => [line, at])).toEqual([
      [3, 'profiles.a.policy.confirm'],
      [3, 'profiles.b.policy.confirm'],
    ]);
  });
});

const planted = 'hunter2-Zq9';
describe('a secret', () => {
  it.each([
    [withMore(...whole, 'connection:', `  password: ${planted}`), 9, 'a value for password'],
    [
      withMore(...whole, 'connection:', '  password:', `    password: ${planted}`),
      10,
      'a value for password',
    ],
    [withMore(...whole, `dbPassword: ${planted}`), 8, 'a value for dbPassword'],
    [withMore(...whole, `PGPASSWORD: "${planted}"`), 8, 'a value for PGPASSWORD'],
    [withMore(...whole, `labels: {api-key: ${planted}}`), 8, 'a value for api-key'],
    [withMore(...whole, `x: &p ${planted}`, 'token: *p'), 9, 'a value for token'],
    [
      withMore(...whole, `description: see postgres://app:${planted}@db/x`),
      8,
      'an address with a password in it',
    ],
    [
      withMore(...whole, `description: "postgres://app\\x3a${planted}@db/x"`),
      8,
      'an address with a password in it',
    ],
    [withMore(...whole, `# psql postgres://app:${planted}@db/x`), 8, 'an address with a password in it'],
    [
      withMore(...whole, `description: host=x password=${planted}`),
      8,
      'a connection string with a password in it',
    ],
    [
      withMore(...whole, 'description: |', '  -----BEGIN RSA PRIVATE KEY-----', `  ${planted}`),
      9,
      'a PEM block',
    ],
    [
      withMore(...whole, `labels: {a: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${planted}}`),
      8,
      'a JSON web token',
    ],
    [
      withMore(...whole, `labels: {a: ghp_${planted.replace('-', '')}${'a'.repeat(30)}}`),
      8,
      'a GitHub token',
    ],
    [
      `version: 1\nsources:\n  a: {git: "https://me:${planted}@example.com/x.git"}`,
      3,
      'an address with a password in it',
    ],
    [`postgres://app:${planted}@db/x: [`, 1, 'an address with a password in it'],
  ])('%# is found in its line, refuses its profile, and is never repeated', (text, line, what) => {
    const file = read(text);
    const found = file.problems.find(({ message }) => message.startsWith('there is a'));
    expect(found).toMatchObject({ line, severity: 'error' });
    expect(found?.message).toContain(`there is ${what}: `);
    expect(JSON.stringify(file.problems)).not.toContain('hunter2');
    expect(file.profiles).toEqual([]);
    expect(file.sources).toEqual({});
  });

  it.each([
    'cluster: hunter2',
    'namespace: hunter2!',
    'local: hunter2',
    'connection: hunter2',
    'connection: {user: "hunter2\\n"}',
    'connection: {password: {secret: hunter2}}',
  ])('in a wrong place is not repeated by another complaint: %s', (line) => {
    const rest = whole.filter((other) => other.split(':')[0] !== line.split(':')[0]);
    const { problems } = read(withMore(...rest, line));
    expect(problems).not.toEqual([]);
    if (!line.startsWith('namespace')) expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it.each([
    'description: postgres://app:<password>@db/x, or postgres://app:$PGPASSWORD@db or postgres://app:***@db',
    'description: ask for the password',
    'connection: {password: {secret: {name: orders-app, key: password}}}',
    'connection: {password: {keychain: true}}',
    'labels: {secretary: ann, tokens-per-s: "5"}',
  ])('is none: %s', (line) => expect(said(withMore(...whole, line))).toEqual([]));
});

describe('what is hostile', () => {
  it.each([
    [
      'a billion laughs',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefgh'].map((name, index) => `${name}: &${name} [${`*${'abcdefg'[index]},`.repeat(9)}]`).join('\n')}`,
    ],
    ['brackets', '['.repeat(100_000)],
    ['nested lists', '- '.repeat(100_000)],
    ['a circle', 'version: 1\nprofiles: &p\n  a: *p\n'],
    ['__proto__', 'version: 1\n__proto__: {readable: true}\nprofiles: {__proto__: {x: 1}, constructor: {}}'],
    ['a long line', 'x'.repeat(512 * 1024)],
    ['keys without end', 'version: 1\n'.repeat(40_000)],
    ['aliases without end', `a: &a x\nb: [${'*a,'.repeat(150_000)}]`],
    ['near-addresses', 'a://'.repeat(100_000)],
  ])('%s ends in problems, soon', (_, text) => {
    const file = read(text, 'shared');
    expect(file.problems.length).toBeGreaterThan(0);
    expect(file.problems.length).toBeLessThanOrEqual(101);
    expect(file.profiles).toEqual([]);
  });

  it('is not read beyond its size, and says at most a hundred things', () => {
    expect(said(`#${' '.repeat(1024 * 1024)}`)).toEqual(['1:1 the file is larger than 512 KiB']);
    const many = Array.from({ length: 300 }, (_, index) => `  p${index}: 1`).join('\n');
    const problems = said(`version: 1\nprofiles:\n${many}`);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe('1:1 and 200 more problems');
  });

  it('never throws, and places every problem in the text', () => {
    const parts = fc.constantFrom(
      ...[
        'version: 1\n',
        'profiles:\n',
        '  a:\n',
        '    port: 1\n',
        '{',
        '}',
        '[',
        ']',
        ': ',
        '- ',
        '&a ',
        '*a',
        '"',
        "'",
        '\n',
        '  ',
        '\t',
        '#',
        '|',
        '!x ',
        '---\n',
        '%',
        '\u0000',
        '\ud800',
        '<<: ',
        'password',
        '://a:b@',
      ],
    );
    const texts = fc.oneof(
      fc.array(parts, { maxLength: 60 }).map((all) => all.join('')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom('own' as const, 'shared' as const), (text, origin) => {
        const lines = text.split('\n').length + 1;
        for (const { line, column, message } of read(text, origin).problems) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThan(0);
          expect(message).not.toMatch(/undefined|\[object|Invalid input/);
        }
      }),
      fuzzed(3_000),
    );
  });
});
