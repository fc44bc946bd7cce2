import { copyFile, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFolder, manyOpened } from './audit.fixture.ts';
import type { AuditLog } from './audit-log.ts';
import { logFiles } from './log-files.ts';
import { applyRetention, type RetentionOptions } from './retention.ts';
import { verify } from './verify.ts';

const dayMs = 86_400_000;
let logs: LogFolder;
let log: AuditLog;
beforeEach(async () => {
  logs = await LogFolder.create();
  for (let day = 0; day < 5; day++) {
    await logs.write(manyOpened(5));
    if (day < 4) logs.clock.advance(dayMs);
  }
  log = logs.writer();
  await log.flush();
});
afterEach(async () => {
  await log[Symbol.asyncDispose]();
  await logs[Symbol.asyncDispose]();
});

const keepAll = { maxAgeDays: 365, maxBytes: 1e9 };
const apply = (options: Partial<RetentionOptions>) =>
  applyRetention({ folder: logs.folder, log, nowMs: logs.clock.wallMs(), ...keepAll, ...options });
const check = () => verify({ folder: logs.folder, trustedKeys: [logs.signer.key] });
const dropped = async () => (await logs.records()).filter(({ event }) => event === 'file-dropped');

it('drops by age, and what stays is still proven', async () => {
  const before = await logs.lastOf(1);
  expect(await apply({ maxAgeDays: 2 })).toEqual(['2023-11-14.0001.jsonl', '2023-11-15.0001.jsonl']);
  expect((await readdir(logs.folder)).length).toBe(3);
  expect(await dropped()).toMatchObject([{ why: 'age' }, { why: 'age', last: { seq: before.seq } }]);
  expect(await check()).toMatchObject({ kind: 'intact', droppedTo: { seq: before.seq }, files: 3 });
});

it('drops by size, oldest first, never the file that is written', async () => {
  expect(await apply({ maxBytes: 1 })).toHaveLength(4);
  expect(await dropped()).toHaveLength(4);
  expect(await check()).toMatchObject({ kind: 'intact', files: 1 });
});

it('drops nothing that need not go', async () => {
  expect(await apply({})).toEqual([]);
  expect(await dropped()).toEqual([]);
});

it('leaves a proven log after a crash between record and removal, and goes on', async () => {
  const first = (await logFiles(logs.folder))[0]!;
  const kept = join(logs.folder, '..', 'kept');
  await copyFile(first.path, kept);
  await apply({ maxAgeDays: 3 });
  await copyFile(kept, first.path);
  expect(await check()).toMatchObject({ kind: 'intact', files: 5 });
  expect(await apply({ maxAgeDays: 2 })).toHaveLength(2);
  expect(await check()).toMatchObject({ kind: 'intact', files: 3 });
});

it('does not pass off a file that somebody else removed', async () => {
  await apply({ maxAgeDays: 3 });
  await unlink((await logFiles(logs.folder))[0]!.path);
  expect(await check()).toMatchObject({ kind: 'broken', fault: 'beginning', line: 1 });
});

it('does not pass off a file that an unsigned line says was dropped', async () => {
  const first = (await logFiles(logs.folder))[0]!;
  const last = await logs.lastOf(0);
  const next = (await logs.records())[last.seq]!;
  log.append({
    event: 'file-dropped',
    file: first.name,
    bytes: 1,
    last: { seq: last.seq, hash: next.prev },
    why: 'age',
  });
  await log.flush();
  await unlink(first.path);
  expect(await check()).toMatchObject({ kind: 'broken', fault: 'beginning' });
  await log.flush({ sign: true });
  expect(await check()).toMatchObject({ kind: 'intact' });
});

it('keeps what no shipper has sent, unless the size asks for it', async () => {
  expect(await apply({ maxAgeDays: 2, shippedTo: 0 })).toEqual([]);
  const firstFile = (await logs.lastOf(0)).seq;
  expect(await apply({ maxAgeDays: 2, shippedTo: firstFile })).toEqual(['2023-11-14.0001.jsonl']);
  const lines = (await logs.text(0)).trimEnd().split('\n').length;
  expect(await apply({ maxBytes: 1, shippedTo: firstFile + 2 })).toHaveLength(3);
  expect((await dropped())[1]).toMatchObject({ why: 'size', unshipped: lines - 2 });
});

it('drops nothing while the record of it cannot be signed', async () => {
  await log[Symbol.asyncDispose]();
  const signer = { key: logs.signer.key, sign: () => Promise.reject(new Error('locked')) };
  log = logs.writer({ signer });
  expect(await apply({ maxAgeDays: 2 })).toEqual([]);
  expect((await readdir(logs.folder)).length).toBe(5);
});
