import { describe, expect, it } from 'vitest';
import type { ProfileEdit } from '../contract/control-profile.ts';
import { editProfileText } from './edit-profile-text.ts';
import type { EditOptions } from './profile-edit.ts';
import { readProfileFile } from './read-profile-file.ts';

const options: EditOptions = {
  file: 'f.yaml',
  origin: 'own',
  checkTarget: () => undefined,
  schemaLocation: './profile.schema.json',
};

const written = `# Ours.
version: 1
sources:
  # All of us.
  team:
    git: https://git.example.com/team.git # read-only
    branch: main
overrides:
  team:
    web: { port: 8081 } # taken here
profiles:
  orders-db: { cluster: { context: prod }, namespace: shop, target: pod/pg, port: 5432 } # saved in the IDE
groups:
  # For work.
  work:
    - orders-db # first
    - team/web
  all: [ orders-db, team/web ]

# the end
`;

const edited = (edit: ProfileEdit, text = written) => editProfileText(text, edit, options);
const groupsOf = (text: string) => Object.fromEntries(readProfileFile(text, options).groups);

describe('sources', () => {
  it('are added with their settings, beside those that are there', () => {
    const settings = { folder: '~/work/tunnels' };
    const text = edited({ kind: 'add-source', name: 'work', settings });
    expect(text).toContain('    branch: main\n  work:\n    folder: ~/work/tunnels\noverrides:');
    expect(edited({ kind: 'remove-source', name: 'work' }, text)).toBe(written);
  });

  it('begin the part in a file without one', () => {
    const settings = { git: 'git@example.com:team.git', tag: 'v1', every: '1h' };
    const text = editProfileText(undefined, { kind: 'add-source', name: 'team', settings }, options);
    expect(readProfileFile(text, options)).toMatchObject({ problems: [], sources: { team: settings } });
  });

  it('go with their overrides and out of groups, and nothing else goes', () => {
    const text = edited({ kind: 'remove-source', name: 'team' });
    expect(text).toBe(`# Ours.
version: 1
profiles:
  orders-db: { cluster: { context: prod }, namespace: shop, target: pod/pg, port: 5432 } # saved in the IDE
groups:
  # For work.
  work:
    - orders-db # first
  all: [ orders-db ]

# the end
`);
  });
});

describe('groups', () => {
  it('are made, and joined by who is not in them yet', () => {
    const made = edited({ kind: 'join-group', name: 'shop', members: ['orders-db', 'orders-db'] });
    expect(groupsOf(made)).toMatchObject({ shop: ['orders-db'] });
    const joined = edited({ kind: 'join-group', name: 'work', members: ['team/api', 'orders-db'] });
    expect(joined).toBe(written.replace('    - team/web\n', '    - team/web\n    - team/api\n'));
    expect(edited({ kind: 'join-group', name: 'work', members: ['orders-db'] })).toBe(written);
  });

  it('are left by some, and go with the last', () => {
    const left = edited({ kind: 'leave-group', name: 'work', members: ['team/web'] });
    expect(left).toBe(written.replace('    - team/web\n', ''));
    const gone = edited({ kind: 'leave-group', name: 'work', members: ['orders-db'] }, left);
    expect(Object.keys(groupsOf(gone))).toEqual(['all']);
    expect(groupsOf(edited({ kind: 'leave-group', name: 'all', members: undefined }))).toEqual({
      work: ['orders-db', 'team/web'],
    });
  });
});

it.each<[string, ProfileEdit, string, string, string?]>([
  [
    'a source that is there',
    { kind: 'add-source', name: 'team', settings: { folder: '/x' } },
    'there is a source team already',
    'SP-PROFILE-EXISTS',
  ],
  ['a source that is not there', { kind: 'remove-source', name: 'x' }, 'there is no source x', 'SP-USAGE'],
  [
    'a folder that is no path',
    { kind: 'add-source', name: 'x', settings: { folder: 'x' } },
    'sources.x',
    'SP-PROFILE-INVALID',
  ],
  [
    'a password in an address',
    { kind: 'add-source', name: 'x', settings: { git: 'https://me:hunter2hunter2@example.com/x.git' } },
    'password',
    'SP-PROFILE-INVALID',
  ],
  [
    'a group that is not there',
    { kind: 'leave-group', name: 'x', members: ['y'] },
    'there is no group x',
    'SP-USAGE',
  ],
  [
    'a member that is not there',
    { kind: 'leave-group', name: 'all', members: ['y'] },
    'group all has no member y',
    'SP-USAGE',
  ],
  [
    'a list that another group shares',
    { kind: 'join-group', name: 'work', members: ['x'] },
    'it would change all too',
    'SP-PROFILE-EDIT',
    written.replace('work:\n', 'work: &w\n').replace('all: [ orders-db, team/web ]', 'all: *w'),
  ],
])('refuses %s', (_what, edit, why, code, text = written) => {
  expect(() => edited(edit, text)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(why) }),
  );
});
