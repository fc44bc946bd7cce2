import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  glob,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { GitSource } from './git-source.ts';

let folder: string;
let work: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'git-source-'));
  work = join(folder, 'work');
  await mkdir(work);
  git('init', '--quiet', '--initial-branch=main', '.');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const environment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
};

function git(...args: string[]): string {
  return execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
    cwd: work,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

async function commit(files: Record<string, string>): Promise<string> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(work, path, '..'), { recursive: true });
    await writeFile(join(work, path), text);
  }
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '-m', 'change');
  return git('rev-parse', 'HEAD');
}

function source(settings: { branch?: string; tag?: string; path?: string } = {}, clock = new FakeClock()) {
  return new GitSource({
    name: 'team',
    settings: { git: `file://${work}`, ...settings },
    cache: join(folder, 'cache'),
    clock,
    environment,
  });
}

/** Commits in use and pending; undefined where there is none. */
async function commits(of: GitSource): Promise<[string | undefined, string | undefined]> {
  const { current, pending } = await of.kept();
  return [current.kind === 'kept' ? current.commit : undefined, pending?.commit];
}

async function texts(from: GitSource, which: 'current' | 'pending' = 'current') {
  const read = (await from.kept())[which];
  if (!read || !('files' in read)) throw new Error(JSON.stringify(read));
  return Object.fromEntries(
    read.files.map((entry) => [entry.file, 'text' in entry ? entry.text : `! ${entry.why}`]),
  );
}

describe('GitSource', () => {
  it('has nothing before the first pull, and its first commit in use after it', async () => {
    const first = await commit({ 'a.yaml': 'a: 1\n', 'b.txt': 'no', '.hidden.yaml': 'no' });
    const team = source();
    expect(await team.kept()).toEqual({ current: { kind: 'absent' }, pending: undefined });
    expect(await team.pull()).toBe(first);
    expect(await commits(team)).toEqual([first, undefined]);
    expect(await texts(team)).toEqual({ [`team@${first.slice(0, 8)}:a.yaml`]: 'a: 1\n' });
  });

  it('keeps the commit in use until the fetched one is accepted, also over a restart', async () => {
    const first = await commit({ 'a.yaml': 'a: 1\n' });
    await source().pull();
    const second = await commit({ 'a.yaml': 'a: 2\n' });
    await source().pull();
    const team = source();
    expect(await commits(team)).toEqual([first, second]);
    expect(Object.values(await texts(team))).toEqual(['a: 1\n']);
    expect(Object.values(await texts(team, 'pending'))).toEqual(['a: 2\n']);
    await expect(team.accept(first)).rejects.toMatchObject({ code: 'SP-PROFILE-STALE' });
    await team.accept(second);
    expect(await commits(source())).toEqual([second, undefined]);
  });

  it('follows a rewritten history, and shows it like any change', async () => {
    const first = await commit({ 'a.yaml': 'a: 1\n' });
    const team = source();
    await team.pull();
    git('checkout', '--quiet', '--orphan', 'new');
    const other = await commit({ 'a.yaml': 'a: 9\n' });
    git('branch', '-M', 'new', 'main');
    await team.pull();
    expect(await commits(team)).toEqual([first, other]);
  });

  it('reads a branch, an annotated tag, a folder and a single file', async () => {
    const tagged = await commit({ 'db/a.yaml': 'a: 1\n', 'db/deep/b.yaml': 'b: 1\n', 'top.yaml': 't: 1\n' });
    git('tag', '--annotate', '-m', 'one', 'v1');
    git('checkout', '--quiet', '-b', 'next');
    const next = await commit({ 'db/a.yaml': 'a: 2\n' });
    const byTag = source({ tag: 'v1', path: 'db' });
    expect(await byTag.pull()).toBe(tagged);
    // Nothing new: also where an annotated tag is another object than its commit.
    expect(await byTag.pull()).toBe(tagged);
    expect(await commits(byTag)).toEqual([tagged, undefined]);
    expect(Object.values(await texts(byTag))).toEqual(['a: 1\n']);
    const byBranch = source({ branch: 'next', path: 'db/a.yaml' });
    expect(await byBranch.pull()).toBe(next);
    expect(Object.values(await texts(byBranch))).toEqual(['a: 2\n']);
  });

  it.each([
    ['a branch that is not there', { branch: 'gone' }, /couldn't find remote ref/i],
    ['a tag that is not there', { tag: 'gone' }, /couldn't find remote ref/i],
  ])('says %s in the words of git', async (_, settings, words) => {
    await commit({ 'a.yaml': '' });
    await expect(source(settings).pull()).rejects.toMatchObject({
      code: 'SP-PROFILE-SOURCE',
      details: { source: 'team', message: expect.stringMatching(words) },
    });
  });

  it('never asks: a server that wants a password fails at once, and the error has none of the address', async () => {
    const team = new GitSource({
      name: 'team',
      settings: { git: 'https://me:hunter2@127.0.0.1:1/x.git' },
      cache: join(folder, 'cache'),
      clock: new FakeClock(),
      environment,
    });
    expect(team.location).toBe('https://127.0.0.1:1/x.git');
    const error = await team.pull().catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'SP-PROFILE-SOURCE' });
    expect(JSON.stringify(error.toData())).not.toContain('hunter2');
  });

  it('ends a git that hangs when its time is up, and when it is told to', async () => {
    // An ssh that never answers.
    const ssh = join(folder, 'ssh');
    await writeFile(ssh, '#!/bin/sh\necho started > "$0.started"\nexec cat\n');
    await chmod(ssh, 0o700);
    const clock = new FakeClock();
    const hanging = new GitSource({
      name: 'team',
      settings: { git: 'git@example.invalid:team/x.git' },
      cache: join(folder, 'cache'),
      clock,
      environment: { ...environment, GIT_SSH_COMMAND: ssh },
    });
    const timedOut = hanging.pull().catch((error) => error);
    while (!(await exists(`${ssh}.started`))) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(120_000);
    expect(await timedOut).toMatchObject({ details: { message: 'git took longer than 120 s' } });

    await rm(`${ssh}.started`);
    const stop = new AbortController();
    const stopped = hanging.pull(stop.signal).catch((error) => error);
    while (!(await exists(`${ssh}.started`))) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('enough'));
    expect(await stopped).toMatchObject({ message: 'enough' });
    expect(clock.pending).toBe(0);
  });

  it.each(['ext::sh -c "touch pwned"', '--upload-pack=touch pwned', 'fd::17'])(
    'opens no %s',
    async (address) => {
      const team = new GitSource({
        name: 'team',
        settings: { git: address },
        cache: join(folder, 'cache'),
        clock: new FakeClock(),
        environment,
      });
      await expect(team.pull()).rejects.toMatchObject({ code: 'SP-PROFILE-SOURCE' });
      expect(await exists(join(folder, 'pwned'))).toBe(false);
    },
  );
});

describe('a repository that grows', () => {
  const maxBytes = 1024 * 1024;
  const tooLarge = { details: { message: 'it is larger than 1 MiB' } };
  const small = () =>
    new GitSource({
      name: 'team',
      settings: { git: `file://${work}` },
      cache: join(folder, 'cache'),
      clock: new FakeClock(),
      environment,
      maxBytes,
    });
  const withBlob = async (sizeBytes: number, text: string) => {
    await writeFile(join(work, 'blob.bin'), randomBytes(sizeBytes));
    return commit({ 'a.yaml': text });
  };

  it('is pulled for ever when each commit is within the limit, and the one in use stays', async () => {
    const first = await withBlob(700_000, 'a: 0\n');
    const team = small();
    await team.pull();
    for (const text of ['a: 1\n', 'a: 2\n', 'a: 3\n']) {
      const next = await withBlob(700_000, text);
      expect(await team.pull()).toBe(next);
      expect(await commits(team)).toEqual([first, next]);
      expect(Object.values(await texts(team, 'pending'))).toEqual([text]);
    }
    expect(Object.values(await texts(team))).toEqual(['a: 0\n']);
    // Of what was fetched only the profiles stay.
    const [kept] = await readdir(join(folder, 'cache'));
    expect((await readdir(join(folder, 'cache', kept!))).sort()).toEqual(['current.json', 'fetched.json']);
  });

  it('keeps its commit in use when one is too large, and the next one waits to be accepted', async () => {
    const first = await commit({ 'a.yaml': 'a: 1\n' });
    const team = small();
    await team.pull();
    await withBlob(2 * maxBytes, 'a: 2\n');
    await expect(team.pull()).rejects.toMatchObject(tooLarge);
    expect(await commits(team)).toEqual([first, undefined]);
    git('rm', '--quiet', 'blob.bin');
    const third = await commit({ 'a.yaml': 'a: 3\n' });
    await team.pull();
    expect(await commits(team)).toEqual([first, third]);
  });

  it('is cut off while it is fetched, not only after', async () => {
    await withBlob(4 * maxBytes, 'a: 1\n');
    // Sends more than the limit, and then goes on so slowly that it never ends.
    const ssh = join(folder, 'ssh');
    const script = `
      const { spawn } = require('node:child_process');
      const server = spawn('git', ['upload-pack', ${JSON.stringify(work)}], { stdio: ['pipe', 'pipe', 'ignore'] });
      let left = ${2 * maxBytes};
      process.stdin.pipe(server.stdin);
      process.stdout.on('error', () => process.exit());
      server.stdout.on('data', (chunk) => {
        process.stdout.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left > 0) return;
        server.stdout.pause();
        setInterval(() => process.stdout.write(chunk.subarray(0, 1)), 50);
      });`;
    await writeFile(ssh, `#!${process.execPath}\n${script}\n`);
    await chmod(ssh, 0o700);
    const clock = new FakeClock();
    const team = new GitSource({
      name: 'team',
      settings: { git: 'git@example.invalid:team/x.git' },
      cache: join(folder, 'cache'),
      clock,
      environment: { ...environment, GIT_SSH_COMMAND: ssh },
      maxBytes,
    });
    const error = team.pull().catch((thrown) => thrown);
    const packs = join(folder, 'cache', '*', 'fetching-team', 'objects', 'pack', '*');
    const arrivedBytes = async () => {
      let sum = 0;
      for await (const file of glob(packs)) sum += (await stat(file)).size;
      return sum;
    };
    while ((await arrivedBytes()) <= maxBytes) await new Promise((resolve) => setImmediate(resolve));
    // Far from the two minutes that git may take.
    clock.advance(250);
    expect(await error).toMatchObject(tooLarge);
    expect(clock.pending).toBe(0);
  });

  it('lets nothing count unseen where the file of the commit in use is damaged', async () => {
    await commit({ 'a.yaml': 'a: 1\n' });
    const team = small();
    await team.pull();
    const [key] = await readdir(join(folder, 'cache'));
    await writeFile(join(folder, 'cache', key!, 'current.json'), '{');
    const next = await commit({ 'a.yaml': 'a: 2\n' });
    await team.pull();
    expect(await team.kept()).toMatchObject({ current: { kind: 'damaged' }, pending: { commit: next } });
    await team.accept(next);
    expect(await commits(team)).toEqual([next, undefined]);
  });

  it('is not downloaded again when it has nothing new', async () => {
    const first = await commit({ 'a.yaml': 'a: 1\n' });
    const trace = join(folder, 'uploads');
    await writeFile(join(folder, 'ssh'), `#!/bin/sh\necho x >> '${trace}'\nexec git upload-pack '${work}'\n`);
    await chmod(join(folder, 'ssh'), 0o700);
    const team = new GitSource({
      name: 'team',
      settings: { git: 'git@example.invalid:team/x.git' },
      cache: join(folder, 'cache'),
      clock: new FakeClock(),
      environment: { ...environment, GIT_SSH_COMMAND: join(folder, 'ssh') },
    });
    const connections = async () => (await readFile(trace, 'utf8')).length / 2;
    expect(await team.pull()).toBe(first);
    expect(await connections()).toBe(1);
    expect(await team.pull()).toBe(first);
    expect(await connections()).toBe(2);
    const second = await commit({ 'a.yaml': 'a: 2\n' });
    expect(await team.pull()).toBe(second);
    expect(await connections()).toBe(4);
  });
});

describe('a malicious repository', () => {
  it('opens nothing: links, a submodule, hooks, filters and huge files are named and not read', async () => {
    const secret = join(folder, 'secret.yaml');
    await writeFile(secret, 'password: of-the-user\n');
    await symlink(secret, join(work, 'link.yaml'));
    await symlink('..', join(work, 'folder.yaml'));
    await mkdir(join(work, 'directory.yaml'));
    await commit({
      'good.yaml': 'version: 1\n',
      'huge.yaml': '#'.repeat(512 * 1024 + 1),
      'directory.yaml/x.yaml': 'version: 1\n',
      '.gitattributes': '*.yaml filter=evil diff=evil\n',
      '.gitmodules': `[submodule "m"]\n\tpath = m.yaml\n\turl = ext::sh -c "touch ${folder}/pwned"\n`,
    });
    const head = git('rev-parse', 'HEAD');
    git('update-index', '--add', '--cacheinfo', `160000,${head},m.yaml`);
    git('commit', '--quiet', '-m', 'submodule');
    const last = git('rev-parse', 'HEAD');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-merge', 'post-update']) {
      await writeFile(join(work, '.git/hooks', hook), `#!/bin/sh\ntouch ${folder}/pwned\n`).catch(() => {});
      await chmod(join(work, '.git/hooks', hook), 0o700).catch(() => {});
    }
    const team = source();
    await team.pull();
    expect(await commits(team)).toEqual([last, undefined]);
    const named = Object.fromEntries(
      Object.entries(await texts(team)).map(([file, text]) => [file.split(':')[1], text]),
    );
    expect(named).toEqual({
      'directory.yaml': '! is not a file',
      'folder.yaml': '! is a link, which is not followed',
      'good.yaml': 'version: 1\n',
      'huge.yaml': '! is larger than 512 KiB',
      'link.yaml': '! is a link, which is not followed',
      'm.yaml': '! is not a file',
    });
    expect(await exists(join(folder, 'pwned'))).toBe(false);
  });

  it('hides nothing by the name of a file, which is shown as what it is', async () => {
    const head = await commit({ 'd\u001b[8m\u202ea.yaml': 'version: 1\n' });
    const team = source();
    await team.pull();
    expect(await texts(team)).toEqual({
      [`team@${head.slice(0, 8)}:d\\u001b[8m\\u202ea.yaml`]: 'version: 1\n',
    });
  });

  it('may hold a thousand files, of which a hundred are read', async () => {
    await commit(Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`f${index}.yaml`, '{}'])));
    const team = source();
    await team.pull();
    const read = Object.values(await texts(team));
    expect(read).toHaveLength(101);
    expect(read.at(-1)).toMatch(/^! holds more than 100 files/);
  });
});

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
