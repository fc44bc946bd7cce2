import { appendFile, readdir, stat, truncate, unlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settle } from '../../test/support/settle.ts';
import { auditLogEventSchema, auditRecordSchema } from '../contract/audit-event.ts';
import { type AppendHandle, openAppend } from './append-file.ts';
import { LogFolder, manyOpened, opened } from './audit.fixture.ts';
import { hashOf, maxLineBytes } from './audit-line.ts';
import type { AuditLogState } from './audit-log.ts';
import { verify } from './verify.ts';

let logs: LogFolder;
beforeEach(async () => {
  logs = await LogFolder.create();
});
afterEach(() => logs[Symbol.asyncDispose]());

const events = async () => (await logs.records()).map(({ event }) => event);
const noSpace = () => Object.assign(new Error('no space left'), { code: 'ENOSPC' });

/** A disk whose calls fail, or hang, as a test says. */
function faultyDisk() {
  const fault: { before?: (call: 'open' | 'write' | 'sync') => Promise<void> | void; partBytes?: number } =
    {};
  const open = async (file: Parameters<typeof openAppend>[0]): Promise<AppendHandle> => {
    await fault.before?.('open');
    const handle = await openAppend(file);
    return {
      stat: () => handle.stat(),
      truncate: (size) => handle.truncate(size),
      close: () => handle.close(),
      async write(bytes, offset) {
        if (fault.partBytes === undefined) {
          await fault.before?.('write');
          return handle.write(bytes, offset);
        }
        const written = await handle.write(bytes.subarray(offset, offset + fault.partBytes), 0);
        await fault.before?.('write');
        return written;
      },
      async datasync() {
        await fault.before?.('sync');
        await handle.datasync();
      },
    };
  };
  return { fault, open };
}

describe('a log', () => {
  it('has one line an event, each with the hash of the line before', async () => {
    await using log = logs.writer();
    for (const event of manyOpened(3)) expect(log.append(event)).toBe(true);
    const commit = await log.flush({ sign: true });
    const lines = (await logs.text()).trimEnd().split('\n');
    const records = lines.map((line) => auditRecordSchema.parse(JSON.parse(line)));
    expect(records.map(({ event }) => event)).toEqual([
      'file-opened',
      'writer-started',
      ...Array(3).fill('connection-opened'),
      'checkpoint',
    ]);
    expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(records.map(({ prev }) => prev)).toEqual(['0'.repeat(64), ...lines.slice(0, -1).map(hashOf)]);
    expect(records[3]).toMatchObject({ ...opened(2), at: '2023-11-14T22:13:20.000Z' });
    expect(commit).toEqual({ kind: 'durable', head: { seq: 6, hash: hashOf(lines[5]!) }, signed: true });
    for (const record of [records[0], records[1], records[5]]) auditLogEventSchema.parse(record);
  });

  it('is private', async () => {
    await logs.write([]);
    expect((await stat(logs.folder)).mode & 0o777).toBe(0o700);
    expect((await stat(await logs.path())).mode & 0o777).toBe(0o600);
  });

  it('goes on where the last writer ended', async () => {
    await logs.write(manyOpened(2));
    await logs.write(manyOpened(2));
    const records = await logs.records();
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
    expect(records.filter(({ event }) => event === 'file-opened')).toHaveLength(1);
    expect(await verify({ folder: logs.folder })).toMatchObject({
      kind: 'intact',
      unsignedLines: 0,
      files: 1,
    });
  });

  it('writes ASCII alone, whatever names hold', async () => {
    const tunnel = 'Ünïcode \u202e\u0007\u007f \ud800 \n "quoted"';
    await logs.write([{ event: 'tunnel-closed', tunnel, why: 'asked' }]);
    expect(await logs.text()).toMatch(/^[\n\x20-\x7e]*$/);
    expect((await logs.records())[2]).toMatchObject({ tunnel });
  });

  it('shortens what is too long for a line, and keeps it on record', async () => {
    const long = '\u0001'.repeat(100_000);
    const error = { code: 'SP-FORBIDDEN', details: { why: long, user: long } } as const;
    await logs.write([
      { event: 'connection-denied', tunnel: 'a', peer: { program: long }, error },
      { event: 'identity', cluster: 'c', user: 'u', groups: Array(10_000).fill('group') },
      { event: 'tunnel-closed', tunnel: long, profile: long, cluster: long, user: long, why: 'asked' },
    ]);
    const records = await logs.records();
    expect(records[2]).toMatchObject({ event: 'connection-denied', tunnel: 'a', clipped: true });
    expect(records[3]).toMatchObject({ event: 'identity', user: 'u', clipped: true });
    expect(records[4]).toMatchObject({ event: 'tunnel-closed', why: 'asked', clipped: true });
    for (const line of (await logs.text()).split('\n')) expect(line.length).toBeLessThan(maxLineBytes);
  });
});

it('that has ended takes no more, and keeps no file open', async () => {
  const log = logs.writer();
  await log.flush();
  await log[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
  expect(log.append(opened(1))).toBe(false);
  expect(await log.flush()).toMatchObject({ kind: 'durable', signed: true });
  expect((await events()).at(-2)).toBe('writer-ended');
  expect((await events()).filter((event) => event === 'writer-ended')).toHaveLength(1);
});

describe('batches', () => {
  it('are on their way within 50 ms, and signed within a second', async () => {
    await using log = logs.writer();
    await log.flush({ sign: true });
    const durable = Promise.withResolvers<void>();
    log.onDurable(() => durable.resolve());
    await settle(logs.clock);
    log.append(opened(1));
    logs.clock.advance(50);
    await durable.promise;
    expect((await events()).at(-1)).toBe('connection-opened');
    const signed = Promise.withResolvers<void>();
    log.onDurable(() => signed.resolve());
    await settle(logs.clock);
    logs.clock.advance(1_000);
    await signed.promise;
    expect((await events()).at(-1)).toBe('checkpoint');
    await settle(logs.clock);
    expect(logs.clock.pending).toBe(0);
  });

  it('take together what came during a sync', async () => {
    const { fault, open } = faultyDisk();
    await using log = logs.writer({ open });
    await log.flush({ sign: true });
    let syncs = 0;
    fault.before = (call) => {
      if (call === 'sync') syncs++;
    };
    const flushes = manyOpened(100).map((event) => {
      log.append(event);
      return log.flush();
    });
    await Promise.all(flushes);
    expect(syncs).toBeLessThan(4);
  });

  it('are told to be durable after the sync, not before', async () => {
    const { fault, open } = faultyDisk();
    await using log = logs.writer({ open });
    await log.flush({ sign: true });
    const syncing = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    fault.before = (call) => {
      if (call !== 'sync') return;
      syncing.resolve();
      return release.promise;
    };
    const { seq } = log.head;
    log.append(opened(1));
    let told = false;
    const flush = log.flush().then(() => {
      told = true;
    });
    await syncing.promise;
    expect([told, log.head.seq]).toEqual([false, seq]);
    release.resolve();
    await flush;
    expect(log.head.seq).toBe(seq + 1);
  });

  it('of which there are several are all on disk before a flush says so', async () => {
    await using log = logs.writer();
    // As many as one batch holds, which begins with lines of the log's own.
    for (const event of manyOpened(4_096)) log.append(event);
    const commit = await log.flush();
    expect((await events()).filter((event) => event === 'connection-opened')).toHaveLength(4_096);
    expect(commit).toMatchObject({ kind: 'durable', head: log.head });
  });

  it('are signed after so many lines', async () => {
    await using log = logs.writer({ limits: { signAfterLines: 10 } });
    for (const event of manyOpened(12)) log.append(event);
    await log.flush();
    expect((await events()).at(-1)).toBe('checkpoint');
  });
});

describe('files', () => {
  it('end with their day, signed', async () => {
    await using log = logs.writer();
    log.append(opened(1));
    await log.flush();
    logs.clock.advance(2 * 3_600_000);
    log.append(opened(2));
    await log.flush();
    expect(await readdir(logs.folder)).toEqual(['2023-11-14.0001.jsonl', '2023-11-15.0001.jsonl']);
    expect((await logs.text(0)).trimEnd().split('\n').at(-1)).toContain('"event":"checkpoint"');
    expect((await logs.text(1)).split('\n')[0]).toContain('"event":"file-opened"');
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact', files: 2 });
  });

  it('are followed by another of the day when they are large', async () => {
    await logs.write([], {});
    for (let turn = 0; turn < 3; turn++)
      await logs.write(manyOpened(20), { limits: { maxFileBytes: 5_000 } });
    expect((await readdir(logs.folder)).length).toBeGreaterThan(2);
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact' });
  });
});

describe('a disk that refuses', () => {
  it('is told at once, and what was accepted is written once when it takes it again', async () => {
    const { fault, open } = faultyDisk();
    await using log = logs.writer({ open });
    await log.flush({ sign: true });
    const states: AuditLogState['kind'][] = [];
    log.onState(({ kind }) => states.push(kind));
    for (const [call, partBytes] of [['write'], ['write', 100], ['sync'], ['sync', 100]] as const) {
      if (partBytes) fault.partBytes = partBytes;
      fault.before = (now) => {
        if (now === call) throw noSpace();
      };
      log.append(opened(1));
      expect(await log.flush()).toMatchObject({ kind: 'unavailable', why: 'full', code: 'ENOSPC' });
      expect(log.state.kind).toBe('unavailable');
      delete fault.before;
      delete fault.partBytes;
      expect(await log.flush({ sign: true })).toMatchObject({ kind: 'durable', signed: true });
    }
    expect(states.join(' ')).toBe(Array(4).fill('unavailable writing').join(' '));
    expect((await events()).filter((event) => event === 'connection-opened')).toHaveLength(4);
    expect(await events()).not.toContain('file-changed');
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact' });
  });

  it('is tried again by itself', async () => {
    const { fault, open } = faultyDisk();
    await using log = logs.writer({ open });
    fault.before = () => {
      throw Object.assign(new Error(), { code: 'EROFS' });
    };
    expect(await log.flush()).toMatchObject({ kind: 'unavailable', why: 'unwritable', code: 'EROFS' });
    delete fault.before;
    const writing = Promise.withResolvers<void>();
    log.onState(() => writing.resolve());
    await settle(logs.clock);
    logs.clock.advance(10_000);
    await writing.promise;
    expect(log.state).toEqual({ kind: 'writing' });
  });

  it('fills the queue, whose overflow is refused and on record', async () => {
    const { fault, open } = faultyDisk();
    await using log = logs.writer({ open, limits: { maxQueuedEvents: 5 } });
    await log.flush({ sign: true });
    fault.before = () => {
      throw noSpace();
    };
    const accepted = manyOpened(9).map((event) => log.append(event));
    expect(accepted).toEqual([...Array(5).fill(true), ...Array(4).fill(false)]);
    await log.flush();
    delete fault.before;
    await log.flush();
    expect((await logs.records()).find(({ event }) => event === 'events-lost')).toMatchObject({ count: 4 });
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact', lostEvents: 4 });
  });

  it('that refuses when the day ends loses nothing either', async () => {
    const { fault, open } = faultyDisk();
    await using log = logs.writer({ open });
    for (const failing of ['write', 'open', 'sync'] as const) {
      log.append(opened(1));
      await log.flush();
      logs.clock.advance(86_400_000);
      await log.flush().catch(() => {});
      log.append(opened(2));
      fault.before = (call) => {
        if (call === failing) throw noSpace();
      };
      logs.clock.advance(86_400_000);
      expect(await log.flush()).toMatchObject({ kind: 'unavailable' });
      delete fault.before;
      expect(await log.flush({ sign: true })).toMatchObject({ kind: 'durable' });
    }
    expect((await events()).filter((event) => event === 'connection-opened')).toHaveLength(6);
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact' });
  });
});

describe('a signer that fails', () => {
  it('leaves lines unsigned, and says so', async () => {
    const { signer } = logs;
    let works = false;
    const sign = (text: string) =>
      works ? signer.sign(text) : Promise.reject(new Error('keychain is locked'));
    await using log = logs.writer({ signer: { key: signer.key, sign } });
    log.append(opened(1));
    expect(await log.flush({ sign: true })).toMatchObject({ kind: 'durable', signed: false });
    expect(log.state).toEqual({ kind: 'writing', unsigned: 'keychain is locked' });
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'unsigned' });
    works = true;
    expect(await log.flush({ sign: true })).toMatchObject({ kind: 'durable', signed: true });
    expect(log.state).toEqual({ kind: 'writing' });
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact' });
  });
});

describe('a signer that goes on failing', () => {
  it('is asked once a second, not all the time', async () => {
    let asked = 0;
    const sign = () => {
      asked++;
      return Promise.reject(new Error('keychain is locked'));
    };
    await using log = logs.writer({ signer: { key: logs.signer.key, sign } });
    log.append(opened(1));
    await log.flush();
    const atFirst = asked;
    for (let seconds = 1; seconds <= 5; seconds++) {
      logs.clock.advance(1_000);
      // A commit of its own, so that the tries are over when it resolves.
      await log.flush();
      logs.clock.advance(10);
      await log.flush();
    }
    expect(asked - atFirst).toBeLessThanOrEqual(5);
    expect(asked - atFirst).toBeGreaterThan(0);
  });
});

describe('a file that others touch while it is written', () => {
  it.each([
    ['removed', () => logs.path().then(unlink), 'beginning'],
    ['cut', async () => truncate(await logs.path(), (await logs.text()).indexOf('\n') + 1), 'missing'],
    ['written to', async () => appendFile(await logs.path(), 'x\n'), 'form'],
  ] as const)('%s: is told in the log, and found', async (_, touch, fault) => {
    await using log = logs.writer();
    for (const event of manyOpened(3)) log.append(event);
    await log.flush({ sign: true });
    await touch();
    log.append(opened(4));
    await log.flush({ sign: true });
    expect(await logs.text()).toContain('"event":"file-changed"');
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'broken', fault });
  });
});
