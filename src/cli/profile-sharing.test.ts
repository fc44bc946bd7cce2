import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeControl, fakeTunnel } from '../../test/support/fake-control.ts';
import { useProfileFolder } from '../../test/support/profile-folder.ts';
import { AppError } from '../base/app-error.ts';
import type { ProfileSnapshot } from '../contract/profile-snapshot.ts';

const home = useProfileFolder();
const { sallyport, text } = home;

const ofProject = `version: 1
profiles:
  proj-db: { cluster: { context: prod }, namespace: data, target: sts/postgres/0, port: 5432, local: 15749 }
`;

async function project(): Promise<{ cwd: string; file: string }> {
  const cwd = join(home.dir, 'clone');
  await mkdir(cwd);
  const file = join(cwd, 'sallyport.yaml');
  await writeFile(file, ofProject);
  return { cwd, file };
}

describe("profile edit of a project's profile", () => {
  it.each([
    [['--local', '15750'], 'port: 15750'],
    [['--off'], 'off: true'],
    [['--context', 'mine'], 'context: mine'],
  ])('%j is for its user alone: the committed file stays', async (flags, line) => {
    const { cwd, file } = await project();
    const { code, stdout, stderr } = await sallyport(['profile', 'edit', 'proj-db', ...flags], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('for you alone');
    expect(await readFile(file, 'utf8')).toBe(ofProject);
    expect(await text()).toContain(`overrides:\n  ${file}:\n    proj-db:\n      ${line}\n`);
  });

  it.each([[['--kind', 'http']], [[]]])(
    '%j is refused, and the option that means it is named',
    async (flags) => {
      const { cwd, file } = await project();
      const { code, stderr } = await sallyport(['profile', 'edit', 'proj-db', ...flags], {
        cwd,
        isTerminal: true,
      });
      expect(code).toBe(2);
      expect(stderr).toContain('only its local port, context and --off');
      expect(stderr).toContain("sallyport profile edit proj-db --project changes the project's file");
      expect(await readFile(file, 'utf8')).toBe(ofProject);
    },
  );

  it('--project changes the file, and is for profiles of a project', async () => {
    const { cwd, file } = await project();
    const words = ['profile', 'edit', 'proj-db', '--project', '--local', '15750'];
    expect((await sallyport(words, { cwd })).code).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(ofProject.replace('15749', '15750'));
    await writeFile(home.userFile, ofProject.replace('proj-db', 'own-db'));
    const refused = await sallyport(['profile', 'edit', 'own-db', '--project', '--local', '1'], { cwd });
    expect(refused.stderr).toContain("own-db is not in the project's file");
  });
});

describe('profile add says what is wrong with its arguments, not with the file', () => {
  const add = (name: string, target: string, ports: string) =>
    sallyport(['profile', 'add', name, target, ports, '-n', 'data', '--context', 'prod']);

  it.each([
    [
      'a name that is there',
      ['db', 'svc/db', '25432:5432'],
      'there is a profile db already',
      'profile edit db changes it',
    ],
    [
      'a port that is taken',
      ['other', 'svc/db', '15432:5432'],
      'already that of db',
      'choose another local port',
    ],
    ['a bad name', ['Upper', 'svc/db', '5432'], 'Upper', 'give another value'],
    ['a kind that is none', ['other', 'nonsense/db', '5432'], 'nonsense', 'give another value'],
  ] as const)('%s', async (_what, [name, target, ports], message, next) => {
    expect((await add('db', 'svc/db', '15432:5432')).code).toBe(0);
    const { code, stderr } = await add(name, target, ports);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(new RegExp(`next: .*${next}`));
    expect(stderr).not.toContain('cannot be edited');
    expect(stderr).not.toContain('by hand');
  });
});

describe('a profile that listens for other machines is warned of', () => {
  const warning = 'listens on 0.0.0.0: other machines are let in without a check';

  it('by add, by edit and by import', async () => {
    const where = ['-n', 'data', '--context', 'prod'];
    const add = ['profile', 'add', 'db', 'svc/db', '15432:5432', ...where];
    expect((await sallyport([...add, '--address', '0.0.0.0'])).stderr).toBe(`warning: db ${warning}\n`);
    const quiet = await sallyport(['profile', 'add', 'two', 'svc/db', '15433:5432', ...where]);
    expect(quiet.stderr).toBe('');
    expect((await sallyport(['profile', 'edit', 'two', '--address', '0.0.0.0'])).stderr).toContain(warning);
    const line = [
      'kubectl',
      'port-forward',
      '--context',
      'prod',
      '--address',
      '0.0.0.0',
      'svc/kf',
      '15434:80',
    ];
    expect((await sallyport(['profile', 'import', '--', ...line])).stderr).toContain(`kf ${warning}`);
  });

  it('by up', async () => {
    const control = () => new FakeControl({ tunnels: [fakeTunnel()] });
    const open = control();
    open.on('up', async () => ({
      outcomes: [
        {
          name: 'orders-db',
          tunnel: fakeTunnel({ wanted: 'on', addresses: [{ kind: 'tcp', address: '0.0.0.0', port: 17700 }] }),
        },
      ],
    }));
    const up = ['up', 'orders-db', '--no-wait'];
    expect((await sallyport(up, { control: open })).stderr).toContain(`orders-db ${warning}`);
    expect((await sallyport(up, { control: control() })).stderr).not.toContain('listens on');
  });
});

it('profile remove says which tunnel ended with it', async () => {
  await writeFile(home.userFile, ofProject.replace('proj-db', 'orders-db'));
  const remove = ['profile', 'remove', 'orders-db'];
  const up = new FakeControl({ tunnels: [fakeTunnel({ wanted: 'on' })] });
  expect((await sallyport(remove, { control: up })).stdout).toMatch(/; orders-db went down with it\n$/);
  await writeFile(home.userFile, ofProject.replace('proj-db', 'orders-db'));
  const off = new FakeControl({ tunnels: [fakeTunnel()] });
  expect((await sallyport(remove, { control: off })).stdout).toBe(
    `Removed orders-db from ${home.userFile}\n`,
  );
});

it('profile trust without a terminal names the option that answers', async () => {
  const id = 'team/proj-db';
  const profile = { cluster: { context: 'prod' }, namespace: 'data', target: 'sts/postgres/0', port: 5432 };
  const profiles: ProfileSnapshot = {
    ...nothing,
    sources: [{ key: 'team', kind: 'folder', location: '/team', state: 'read' }],
    profiles: [
      {
        id,
        name: 'proj-db',
        source: 'team',
        sourceKind: 'folder',
        file: '/team/a.yaml',
        line: 3,
        profile,
        written: profile,
        trust: { kind: 'untrusted' },
        hash: 'x',
      },
    ],
  };
  const { code, stderr } = await sallyport(['profile', 'trust', 'proj-db'], {
    control: new FakeControl({ profiles }),
  });
  expect(code, stderr).toBe(5);
  expect(stderr).toContain('next:  sallyport profile trust proj-db --yes');
});

const nothing: ProfileSnapshot = {
  sequence: 1,
  sources: [],
  profiles: [],
  refused: [],
  groups: [],
  problems: [],
};

describe('profile pull', () => {
  const pulled: ProfileSnapshot = {
    sequence: 1,
    sources: [
      {
        key: 'team',
        kind: 'git',
        location: 'https://git.example.com/t',
        state: 'read',
        commit: '0123456789abcdef',
        pending: {
          commit: 'fedcba9876543210',
          changes: [{ name: 'db', changes: [{ path: 'port', before: '5432', after: '6432' }] }],
          problems: [],
        },
      },
    ],
    profiles: [],
    refused: [],
    groups: [],
    problems: [],
  };
  const daemon = () =>
    new FakeControl({ profiles: pulled }).on('acceptSource', async () => ({ ...pulled, sources: [] }));
  const accepted = ({ calls }: FakeControl) => calls.filter(({ operation }) => operation === 'acceptSource');

  it('shows the changes, and takes them up only when told so', async () => {
    const control = daemon();
    const { stdout } = await sallyport(['profile', 'pull'], { control });
    expect(stdout).toContain('db: 1 value\n  - port: 5432\n  + port: 6432\n');
    expect(accepted(control)).toEqual([]);
    await sallyport(['profile', 'pull'], { control, isTerminal: true, answers: [false] });
    expect(accepted(control)).toEqual([]);
    await sallyport(['profile', 'pull'], { control, isTerminal: true, answers: [true] });
    expect(accepted(control)).toMatchObject([{ input: { source: 'team', commit: 'fedcba9876543210' } }]);
  });

  it('fetches what is named, and one that cannot be reached keeps no other from it', async () => {
    const git = (key: string) => ({
      key,
      kind: 'git' as const,
      location: `https://x/${key}`,
      state: 'read' as const,
    });
    const two = () =>
      new FakeControl({ profiles: { ...pulled, sources: [git('team2'), git('tx')] } }).on(
        'reload',
        async ({ sources }) => {
          if (sources?.includes('tx')) throw new AppError('SP-PROFILE-SOURCE', { source: 'tx' });
          return pulled;
        },
      );
    const named = await sallyport(['profile', 'pull', 'team2'], { control: two() });
    expect(named).toMatchObject({ code: 0, stderr: '', stdout: 'team2: read\n' });
    const all = await sallyport(['profile', 'pull'], { control: two() });
    expect(all.code).toBe(9);
    expect(all.stdout).toContain('team2: read');
    expect(all.stderr).toContain('the profiles of tx cannot be had');
    const unknown = await sallyport(['profile', 'pull', 'nope'], { control: two() });
    expect(unknown.stderr).toContain('the profiles of nope cannot be had');
    expect(unknown.stderr).not.toContain('tx');
  });
});
