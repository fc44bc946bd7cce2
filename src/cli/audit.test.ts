import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { LogFolder, manyOpened, opened } from '../audit/audit.fixture.ts';
import { rememberKey } from '../audit/known-keys.ts';
import { writeCursor } from '../audit/ship/cursor.ts';
import type { AuditEvent } from '../contract/audit-event.ts';
import { commandOutputs } from '../contract/command-output.ts';

let dir: string;
let folder: string;
let logs: LogFolder;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-audit-cli-'));
  vi.stubEnv('XDG_DATA_HOME', dir);
  folder = join(dir, 'sallyport', 'audit');
  logs = new LogFolder(join(folder, 'daemon'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(dir, { recursive: true, force: true });
});

async function run(...words: string[]): Promise<FakeCli & { code: number }> {
  const cli = new FakeCli({ cwd: dir });
  const code = await cli.run('audit', ...words);
  return Object.assign(cli, { code });
}

test('list prints the last events of all logs that match, by time', async () => {
  await logs.write(manyOpened(3));
  logs.clock.advance(1_000);
  const forward = new LogFolder(join(folder, 'forward-1'));
  forward.clock.advance(500);
  await forward.write([{ ...opened(9), tunnel: 'user/other', profile: 'user/other' } as AuditEvent]);
  using all = await run('list', '-e', 'connection-opened');
  expect(all.stdout.text.trimEnd().split('\n')).toHaveLength(4);
  expect(all.stdout.text).toMatch(
    /daemon 3 connection-opened orders-db team\/orders-db · postgres-0 · 2c98 · node-1 · primary · dev@example.com · \/usr\/bin\/psql 4242/,
  );
  using some = await run('list', '-t', 'other', '--json');
  const { records } = commandOutputs['audit list'].parse(some.json());
  expect(records.map(({ log, record }) => [log, record.connection])).toEqual([['forward-1', 9]]);
  using last = await run('list', '-n', '1', '-e', 'connection-opened', '--log', 'daemon', '--json');
  expect(commandOutputs['audit list'].parse(last.json()).records[0]?.record.connection).toBe(3);
});

test('list says who asked the daemon for what', async () => {
  const by = { uid: 1000, pid: 4242, program: '/usr/bin/sallyport', via: 'socket' as const };
  await logs.write([{ event: 'control-request', operation: 'up', names: ['orders-db'], by }]);
  using list = await run('list', '-e', 'control-request');
  expect(list.stdout.text).toMatch(/control-request up · orders-db · \/usr\/bin\/sallyport 4242\n/);
});

test('a name that is written to look like something else is shown as what it is', async () => {
  await logs.write([{ ...opened(1), peer: { uid: 0, program: '/tmp/\u001b[2K\u202egnp' } } as AuditEvent]);
  using list = await run('list');
  using show = await run('show', '3');
  for (const { text } of [list.stdout, show.stdout]) {
    expect(text).toContain('\\u001b[2K\\u202egnp');
    for (const sign of ['\u001b', '\u202e']) expect(text).not.toContain(sign);
  }
});

test('verify is content with what was written, by the keys of this machine alone', async () => {
  await logs.write(manyOpened(3));
  await rememberKey(folder, logs.signer.key, { kept: { in: 'keychain' }, clock: logs.clock });
  using good = await run('verify');
  expect(good.code).toBe(0);
  expect(good.stdout.text).toMatch(/^daemon: intact · \d+ lines in 1 file/);
  expect(good.stdout.text).not.toContain('no keychain kept');
  using other = await run('verify', '--key', 'A'.repeat(43));
  expect([other.code, other.stdout.text]).toEqual([9, expect.stringContaining('daemon: broken')]);
});

test('verify says which keys lasted for one run', async () => {
  await logs.write(manyOpened(1));
  await rememberKey(folder, logs.signer.key, { kept: { in: 'memory' }, clock: logs.clock });
  using cli = await run('verify');
  expect(cli.stdout.text).toContain('which no keychain kept: it lasted for one run');
});

test('verify names the first bad line, and ends with 9', async () => {
  await logs.write(manyOpened(5));
  const text = await logs.text();
  await logs.setText(text.replace('"connection":2', '"connection":7'));
  using cli = await run('verify');
  expect(cli.code).toBe(9);
  expect(cli.stdout.text).toMatch(/daemon: broken[\s\S]*line 4: changed/);
});

test('verify tells a cut from a crash by what a receiver has', async () => {
  await logs.write(manyOpened(5));
  const { seq } = await logs.lastOf(-1);
  const log = String((await logs.records())[0]?.log);
  await logs.setText(
    (await logs.text())
      .split('\n')
      .slice(0, 4)
      .map((line) => `${line}\n`)
      .join(''),
  );
  using crash = await run('verify');
  expect(crash.code).toBe(0);
  await writeCursor(join(folder, 'sent-siem.json'), { log, head: { seq, hash: '0'.repeat(64) } });
  using cut = await run('verify');
  expect(cut.code).toBe(9);
  expect(cut.stdout.text).toContain(`it ends before line ${seq}, which the place of the receiver siem knows`);
});

test('where nothing is on record verify does not say that all is well', async () => {
  using cli = await run('verify');
  expect(cli.code).toBe(2);
  expect(cli.stderr.text).toContain(`nothing is on record in ${folder}`);
});

test('follow prints what is added, one JSON text a line', async () => {
  await logs.write(manyOpened(1));
  using cli = new FakeCli({ cwd: dir });
  const running = cli.run('audit', 'follow', '--json', '-e', 'connection-opened');
  // Until it has seen the end of what was there, as nothing tells that, write on.
  for (let number = 10; cli.stdout.text === ''; number++) {
    await logs.write([opened(number)]);
    cli.clock.advance(1_000);
    await new Promise(setImmediate);
  }
  cli.signal();
  expect(await running).toBe(0);
  const [first] = cli.stdout.text.split('\n');
  expect(commandOutputs['audit follow'].parse(JSON.parse(first!))).toMatchObject({
    log: 'daemon',
    record: { event: 'connection-opened' },
  });
});

test('export gives all of it as JSON and as CSV', async () => {
  await logs.write(manyOpened(2));
  using json = await run('export', '-e', 'connection-opened');
  expect(json.json()).toHaveLength(2);
  using csv = await run('export', '--format', 'csv', '-e', 'connection-opened');
  expect(csv.stdout.text.split('\r\n')).toHaveLength(4);
});

test('a time that is none is a usage error', async () => {
  using cli = await run('list', '--since', 'yesterday-ish');
  expect(cli.code).toBe(2);
  expect(cli.stderr.text).toContain('yesterday-ish is no time');
});
