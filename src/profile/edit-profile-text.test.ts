import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import type { ProfileEdit } from '../contract/control-profile.ts';
import type { Profile } from '../contract/profile.ts';
import { editProfileText } from './edit-profile-text.ts';
import type { EditOptions } from './profile-edit.ts';
import { readProfileFile } from './read-profile-file.ts';

const options: EditOptions = {
  file: 'f.yaml',
  origin: 'own',
  checkTarget: () => undefined,
  schemaLocation: './profile.schema.json',
};

const profile: Profile = {
  cluster: { context: 'prod' },
  namespace: 'shop',
  target: 'statefulset/pg/0',
  port: 5432,
  local: 15432,
};

const written = `# Ours. Ask ann before you change it.
version: 1

profiles:
  # The primary.
  orders-db:
    cluster: { context: prod } # by name
    namespace: shop
    target: statefulset/pg/0
    port: 5432
    local: 15432 # never move this

  # The cache.
  cache:
    cluster:
      context: "prod"
    namespace: shop
    target: service/redis
    port: 6379
groups:
  shop: [ orders-db, cache ] # all

# the end
`;

describe('editProfileText', () => {
  it('makes a file that editors can check', () => {
    expect(
      editProfileText(undefined, { kind: 'add', name: 'orders-db', profile }, options),
    ).toBe(`# yaml-language-server: $schema=./profile.schema.json
version: 1
profiles:
  orders-db:
    cluster:
      context: prod
    namespace: shop
    target: statefulset/pg/0
    port: 5432
    local: 15432
`);
  });

  it('changes one value and nothing else', () => {
    const changed = { ...profile, local: 25432 };
    const text = editProfileText(written, { kind: 'change', name: 'orders-db', profile: changed }, options);
    expect(text).toBe(written.replace('local: 15432 #', 'local: 25432 #'));
  });

  it('adds and removes what a change brings and takes', () => {
    const { local: _, ...rest } = profile;
    const changed: Profile = {
      ...rest,
      cluster: { context: 'prod', uid: '0e1f2a3b-0000-4000-8000-0123456789ab' },
      onDemand: true,
    };
    const text = editProfileText(written, { kind: 'change', name: 'orders-db', profile: changed }, options);
    expect(text).toContain('cluster: { context: prod, uid: 0e1f2a3b-0000-4000-8000-0123456789ab } # by name');
    expect(text).toContain('    port: 5432\n');
    expect(text).toContain('onDemand: true');
    expect(text).not.toContain('15432');
    expect(text).toContain('# The cache.');
  });

  it('renames a profile where it stands and in its groups, to a name that is free', () => {
    const rename = (name: string, to: string) =>
      editProfileText(written, { kind: 'rename', name, to }, options);
    expect(rename('orders-db', 'orders')).toBe(written.replaceAll('orders-db', 'orders'));
    expect(() => rename('orders-db', 'cache')).toThrow('there is a profile cache already');
    expect(() => rename('nothing', 'orders')).toThrow('there is no profile nothing');
  });

  it('takes a removed profile out of its groups', () => {
    const text = editProfileText(written, { kind: 'remove', name: 'cache' }, options);
    expect(text).toContain('shop: [ orders-db ] # all');
    expect(text).not.toContain('redis');
    const none = editProfileText(text, { kind: 'remove', name: 'orders-db' }, options);
    expect(none).not.toContain('groups');
    expect(none).toMatch(/^# Ours\. Ask ann/);
    expect(none).toMatch(/# the end\n$/);
  });

  it('sets, changes and takes out an override', () => {
    const set = (text: string, override: { port?: number; off?: boolean } | undefined) =>
      editProfileText(text, { kind: 'override', source: 'team', name: 'web', override }, options);
    const one = set(written, { port: 8081 });
    expect(readProfileFile(one, options).overrides).toEqual({ team: { web: { port: 8081 } } });
    const two = set(one, { off: true });
    expect(readProfileFile(two, options).overrides).toEqual({ team: { web: { off: true } } });
    expect(set(two, undefined)).toBe(written);
  });

  it.each([
    ['four spaces', written.replaceAll(/^( +)(?=[^ ])/gm, '$1$1')],
    ['Windows line ends', written.replaceAll('\n', '\r\n')],
    [
      'tight braces',
      written.replaceAll('{ ', '{').replaceAll(' }', '}').replaceAll('[ ', '[').replaceAll(' ]', ']'),
    ],
    [
      'lists at the key',
      written.replace('shop: [ orders-db, cache ] # all', 'shop:\n  - orders-db\n  - cache'),
    ],
  ])('keeps %s', (_, text) => {
    const changed = { ...profile, local: 25432 };
    const edited = editProfileText(text, { kind: 'change', name: 'orders-db', profile: changed }, options);
    expect(edited).toBe(text.replace('local: 15432', 'local: 25432'));
  });

  it.each([
    [
      'a name that is taken',
      written,
      { kind: 'add', name: 'cache', profile },
      'there is a profile cache already',
      'SP-PROFILE-EXISTS',
    ],
    ['a name that is not there', written, { kind: 'remove', name: 'x' }, 'there is no profile x', 'SP-USAGE'],
    [
      'a profile with an error',
      written,
      { kind: 'add', name: 'x', profile: { ...profile, port: 0 } },
      'profiles.x.port must be a port from 1 to 65535, not 0',
      'SP-PROFILE-INVALID',
    ],
    [
      'a port that is taken',
      written,
      { kind: 'add', name: 'x', profile },
      'port 15432 is already that of orders-db (line 6)',
      'SP-PROFILE-INVALID',
    ],
    [
      'a file that is no YAML',
      'version: 1\nprofiles: {',
      { kind: 'add', name: 'x', profile },
      'the indentation does not fit',
    ],
    [
      'a key that stands twice',
      `${written}version: 1\n`,
      { kind: 'remove', name: 'cache' },
      ': this key stands here a second time',
    ],
    [
      'what another refers to',
      written
        .replace('cluster: { context: prod }', 'cluster: &p { context: prod }')
        .replace('cluster:\n      context: "prod"', 'cluster: *p'),
      { kind: 'remove', name: 'orders-db' },
      'another part of the file refers to it (*p)',
    ],
    [
      'what an anchor carries to another',
      written
        .replace('cluster: { context: prod }', 'cluster: &p { context: prod }')
        .replace('cluster:\n      context: "prod"', 'cluster: *p'),
      { kind: 'change', name: 'orders-db', profile: { ...profile, cluster: { context: 'test' } } },
      'it would change cache too: they share an anchor',
    ],
  ] as [string, string, ProfileEdit, string, string?][])(
    'refuses %s',
    (_, text, edit, why, code = 'SP-PROFILE-EDIT') => {
      expect(() => editProfileText(text, edit, options)).toThrow(
        expect.objectContaining({ code, message: expect.stringContaining(why) }),
      );
    },
  );

  it('keeps a comment beside the key of a map, on a line of its own', () => {
    const text = written.replace('  orders-db:', '  orders-db: # saved in the IDE');
    const edited = editProfileText(text, { kind: 'remove', name: 'cache' }, options);
    expect(edited).toContain('  orders-db:\n    # saved in the IDE\n');
  });

  it('replaces an alias of its own profile without touching the anchor', () => {
    const text = written
      .replace('cluster: { context: prod }', 'cluster: &p { context: prod }')
      .replace('cluster:\n      context: "prod"', 'cluster: *p');
    const changed: Profile = {
      cluster: { context: 'test' },
      namespace: 'shop',
      target: 'service/redis',
      port: 6379,
    };
    const edited = editProfileText(text, { kind: 'change', name: 'cache', profile: changed }, options);
    expect(edited).toContain('cluster: &p { context: prod } # by name');
    expect(readProfileFile(edited, options).profiles.map((each) => each.profile.cluster)).toEqual([
      { context: 'prod' },
      { context: 'test' },
    ]);
  });

  it('keeps every comment and the order of what stays, over any edits', () => {
    const names = fc.constantFrom('orders-db', 'cache', 'web', 'api');
    const profiles = fc
      .record({
        port: fc.integer({ min: 1, max: 65_535 }),
        kind: fc.constantFrom('tcp' as const, 'http' as const),
        onDemand: fc.boolean(),
        note: fc.stringMatching(/^[ -~]{0,30}$/),
      })
      .map(
        ({ port, kind, onDemand, note }): Profile => ({
          ...profile,
          local: undefined,
          description: note,
          port,
          kind,
          onDemand,
        }),
      );
    const edits = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), name: names, profile: profiles }),
      fc.record({ kind: fc.constant('change' as const), name: names, profile: profiles }),
      fc.record({
        kind: fc.constant('override' as const),
        source: names,
        name: names,
        override: fc.option(fc.record({ port: fc.integer({ min: 1, max: 9 }) }), { nil: undefined }),
      }),
    );
    fc.assert(
      fc.property(fc.array(edits, { maxLength: 6 }), (all) => {
        let text = written;
        for (const edit of all) {
          const before = readProfileFile(text, options);
          try {
            text = editProfileText(text, edit, options);
          } catch (error) {
            expect(error).toMatchObject({
              code: expect.stringMatching(/^SP-(PROFILE-EDIT|PROFILE-EXISTS|USAGE)$/),
            });
            continue;
          }
          const after = readProfileFile(text, options);
          expect(after.problems).toEqual([]);
          const stayed = before.profiles.map(({ name }) => name);
          expect(after.profiles.map(({ name }) => name).slice(0, stayed.length)).toEqual(stayed);
        }
        for (const comment of [
          '# Ours. Ask ann',
          '# The primary.',
          '# by name',
          '# The cache.',
          '# all',
          '# the end',
        ]) {
          expect(text).toContain(comment);
        }
      }),
      fuzzed(300),
    );
  });
});
