import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeCli, type FakeCliOptions } from '../../test/support/fake-cli.ts';
import { FakeControl } from '../../test/support/fake-control.ts';

const pem = (body: string) => `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
const theirs = `# Of the company.\n${pem('theirs')}`;

let home: string;
let rootFile: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'sallyport-ca-'));
  rootFile = join(home, '.postgresql', 'root.crt');
});
afterEach(() => rm(home, { recursive: true }));

class CliAtHome extends FakeCli {
  override readonly home = home;
}

async function run(
  argv: readonly string[],
  { body = 'ours', ...options }: FakeCliOptions & { body?: string } = {},
) {
  await using control = new FakeControl();
  control.on('localAuthority', async () => ({
    certificate: pem(body),
    file: '/d/local-ca.crt',
    fingerprint256: 'AA:BB',
    validUntilMs: 1_800_000_000_000,
    kept: { in: 'keychain' },
  }));
  using cli = new CliAtHome({ control, ...options });
  const code = await cli.run('daemon', 'ca', ...argv);
  return { code, out: cli.stdout.text, said: cli.stderr.text, questions: cli.questions };
}

const trusted = () => readFile(rootFile, 'utf8');

async function write(text: string): Promise<void> {
  await mkdir(join(home, '.postgresql'), { recursive: true });
  await writeFile(rootFile, text);
}

describe('daemon ca', () => {
  it('prints the certificate alone, and says what it is where somebody reads', async () => {
    expect(await run([])).toMatchObject({ code: 0, out: pem('ours'), said: '' });
    const { out, said } = await run([], { isTerminal: true });
    expect(out).toBe(pem('ours'));
    expect(said).toContain('can certify nothing else');
    await expect(trusted()).rejects.toThrow('ENOENT');
  });

  it('adds it to the trust file of libpq after what is there, once, and takes it out again', async () => {
    await write(theirs);
    const added = await run(['--install', '--yes']);
    expect(added.code).toBe(0);
    expect(added.said).toContain('beside what stands there already');
    const after = await trusted();
    expect(after.startsWith(theirs)).toBe(true);
    expect(after.slice(theirs.length)).toMatch(
      /^# Begin of Sallyport.*\n-----BEGIN[\s\S]*ours[\s\S]*# End of Sallyport\n$/,
    );
    const again = await run(['--install']);
    expect(again).toMatchObject({ code: 0, out: `It is in ${rootFile} already.\n` });
    expect(await trusted()).toBe(after);
    expect((await run(['--remove'])).code).toBe(0);
    expect(await trusted()).toBe(theirs);
    expect((await run(['--remove'])).out).toBe(`It is not in ${rootFile}.\n`);
  });

  it('stays where it is while others come after it', async () => {
    await run(['--install', '--yes']);
    const whole = `${await trusted()}${theirs}`;
    await write(whole);
    expect((await run(['--install'])).out).toContain('already');
    expect(await trusted()).toBe(whole);
  });

  it('replaces one of before, also where the last line has no end', async () => {
    await write(theirs.trimEnd());
    await run(['--install', '--yes'], { body: 'older' });
    await run(['--install', '--yes'], { body: 'newer' });
    const text = await trusted();
    expect(text).not.toContain('older');
    expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    await run(['--remove']);
    expect(await trusted()).toBe(theirs);
  });

  it('says what a trust file means where there is none, and leaves none behind', async () => {
    const { said } = await run(['--install', '--yes']);
    expect(said).toContain('refuses those whose authority is not in it');
    expect((await stat(join(home, '.postgresql'))).mode & 0o777).toBe(0o700);
    await run(['--remove']);
    await expect(trusted()).rejects.toThrow('ENOENT');
  });

  it('changes nothing without a yes', async () => {
    const unasked = await run(['--install']);
    expect(unasked.code).toBe(2);
    expect(unasked.said).toContain('--install --yes');
    const refused = await run(['--install'], { isTerminal: true, answers: [false] });
    expect(refused.questions).toHaveLength(1);
    expect(refused.code).toBe(2);
    await expect(trusted()).rejects.toThrow('ENOENT');
    expect((await run(['--install'], { isTerminal: true, answers: [true] })).code).toBe(0);
    expect(await trusted()).toContain('ours');
  });

  it('follows a link, and touches nothing that is no regular file', async () => {
    const real = join(home, 'dotfiles.crt');
    await writeFile(real, theirs);
    await mkdir(join(home, '.postgresql'));
    await symlink(real, rootFile);
    await run(['--install', '--yes']);
    expect(await readFile(real, 'utf8')).toContain('ours');
    await rm(rootFile);
    await mkdir(rootFile);
    expect((await run(['--install', '--yes'])).code).toBe(2);
  });

  it('says with --json what was done', async () => {
    const printed = JSON.parse((await run(['--install', '--yes', '--json'])).out);
    expect(printed).toMatchObject({ certificate: pem('ours'), rootFile, changed: true });
    expect(JSON.parse((await run(['--remove', '--json'])).out)).toEqual({ rootFile, changed: true });
  });
});
