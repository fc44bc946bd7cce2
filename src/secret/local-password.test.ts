import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LocalSource, localPassword } from './local-password.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'local-password-'));
});
afterEach(() => rm(home, { recursive: true }));

const read = async (source: LocalSource, { isOwn = true, env = {}, said = [] as string[] } = {}) => {
  const onSaid = (text: string) => void said.push(text);
  const world = { env: { PATH: process.env.PATH, ...env }, home, cwd: home, onSaid };
  return (await localPassword(source, { ...world, isOwn })).password.reveal();
};

describe('a password of this machine', () => {
  it('is that of a variable, a file or what a program prints, without the line end of who wrote it', async () => {
    await writeFile(join(home, 'pw'), 's3 cret \r\n', { mode: 0o600 });
    expect(await read({ environment: 'PW' }, { env: { PW: 's3 cret ' } })).toBe('s3 cret ');
    expect(await read({ file: '~/pw' })).toBe('s3 cret ');
    expect(await read({ file: join(home, 'pw') })).toBe('s3 cret ');
    expect(await read({ command: ['printf', '%s\\n', 's3 cret '] })).toBe('s3 cret ');
  });

  it.each<[string, LocalSource, string]>([
    ['a variable that is not set', { environment: 'PW' }, 'the variable PW is not set'],
    ['a file that is not there', { file: '/absent/pw' }, '/absent/pw does not exist'],
    ['a folder', { file: '/' }, 'is not a regular file'],
    ['a program that fails', { command: ['false'] }, 'false failed (1)'],
    ['a program that prints nothing', { command: ['true'] }, 'true printed none'],
    ['one that prints too much', { command: ['head', '-c', '5000', '/dev/zero'] }, 'longer than 4096 bytes'],
    ['one that prints without end', { command: ['yes'] }, 'yes failed (ERR_CHILD_PROCESS_STDIO_MAXBUFFER)'],
  ])('is not had from %s', async (_what, source, message) => {
    const error = await read(source).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'SP-PASSWORD-SOURCE' });
    expect(error.message).toContain(message);
  });

  it.skipIf(process.getuid === undefined)('is not had from a file that others may read', async () => {
    const file = join(home, 'pw');
    await writeFile(file, 's3cret');
    for (const mode of [0o640, 0o604]) {
      await chmod(file, mode);
      const error = await read({ file }).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'SP-PASSWORD-SOURCE' });
      expect(error.message).toContain('may be read by others');
    }
    await chmod(file, 0o400);
    expect(await read({ file })).toBe('s3cret');
  });

  it('is taken out of a connection string or the JSON of a secret store, with its user', async () => {
    const world = { env: { DATABASE_URL: 'postgres://app:s3cret@db/orders' }, home, cwd: home, isOwn: true };
    const found = await localPassword({ environment: 'DATABASE_URL' }, world);
    expect({ ...found, password: found.password.reveal() }).toMatchObject({
      password: 's3cret',
      user: 'app',
      database: 'orders',
    });
    expect(await read({ command: ['echo', '{"username":"app","password":"s3cret"}'] })).toBe('s3cret');
    await expect(
      localPassword({ environment: 'DATABASE_URL' }, { ...world, env: { DATABASE_URL: 'postgres://db/x' } }),
    ).rejects.toMatchObject({ code: 'SP-PASSWORD-SOURCE' });
  });

  it('is not had from a program that is not there', async () => {
    await expect(read({ command: ['no-such-program-here'] })).rejects.toMatchObject({
      code: 'SP-PROGRAM-MISSING',
    });
  });

  it('passes on what the program says to its user, and keeps what it printed out of the error', async () => {
    const said: string[] = [];
    const command = ['sh', '-c', 'echo planted; echo log in first >&2; exit 3'];
    const error = await read({ command }, { said }).catch((thrown) => thrown);
    expect(said).toEqual(['log in first\n']);
    expect(JSON.stringify([error, error.message, error.details, String(error.cause)])).not.toContain(
      'planted',
    );
  });

  it('is not waited for where the program reads its standard input', async () => {
    expect(await read({ command: ['sh', '-c', 'cat; echo s3cret'] })).toBe('s3cret');
  });
});

it.each<LocalSource>([{ command: ['touch', 'was-run'] }, { environment: 'PATH' }, { file: '/etc/hostname' }])(
  "is refused to a profile of others', whatever it names: %o",
  async (source) => {
    await expect(read(source, { isOwn: false })).rejects.toMatchObject({ code: 'SP-PROFILE-INVALID' });
    expect(await readdir(home)).toEqual([]);
  },
);
