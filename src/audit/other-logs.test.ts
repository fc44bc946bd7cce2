import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { collect, LogFolder, manyOpened, opened } from './audit.fixture.ts';
import { clusterHeads, clusterRequests } from './cluster-log.ts';
import { logPlace } from './file-ends.ts';
import { headStamp, readHeadStamp } from './head-stamp.ts';
import { slotFolders, takeSlot } from './log-slots.ts';
import { headsNotedIn, noteOtherLogs } from './other-logs.ts';
import { verify } from './verify.ts';
import { verifyAll } from './verify-all.ts';

let logs: LogFolder;
let folder: string;
beforeEach(async () => {
  logs = await LogFolder.create();
  folder = join(logs.folder, '..', 'slots');
});
afterEach(() => logs[Symbol.asyncDispose]());

const take = (writer: 'daemon' | 'forward') => takeSlot({ folder, writer, version: '1', clock: systemClock });

describe('a slot', () => {
  it('has one writer: the next forward gets another, a second daemon none', async () => {
    await using daemon = (await take('daemon'))!.lock;
    expect(await take('daemon')).toBeUndefined();
    const first = (await take('forward'))!;
    const second = (await take('forward'))!;
    expect([first.name, second.name]).toEqual(['forward-1', 'forward-2']);
    await first.lock[Symbol.asyncDispose]();
    const third = (await take('forward'))!;
    expect(third.name).toBe('forward-1');
    expect((await slotFolders(folder)).map(({ name }) => name)).toEqual(['daemon', 'forward-1', 'forward-2']);
    for (const { lock } of [second, third]) await lock[Symbol.asyncDispose]();
    expect(daemon).toBeDefined();
  });

  it('is free again after its writer was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const slot = (await take('forward'))!;
    await slot.lock[Symbol.asyncDispose]();
    await writeFile(join(slot.folder, `claim.${child.pid}.aa`), '{"pid":1}');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const again = (await take('forward'))!;
    expect(again.name).toBe('forward-1');
    await again.lock[Symbol.asyncDispose]();
  });

  it('is for at most 16 forwards', async () => {
    await using stack = new AsyncDisposableStack();
    for (let number = 1; number <= 16; number++) stack.use((await take('forward'))!.lock);
    expect(await take('forward')).toBeUndefined();
  });
});

it('one log knows where the others stand, so that their ends cannot be cut unseen', async () => {
  const forward = new LogFolder(join(folder, 'forward-1'));
  await forward.write(manyOpened(9));
  const daemon = new LogFolder(join(folder, 'daemon'));
  await using log = daemon.writer();
  await log.flush();
  await noteOtherLogs({ log, folder });
  await log.flush();
  const { log: name, head } = (await logPlace(forward.folder))!;
  const knownHeads = (await headsNotedIn(daemon.folder)).get(name)!;
  expect(knownHeads).toMatchObject([head]);
  expect(await daemon.records()).toContainEqual(
    expect.objectContaining({ event: 'other-log', log: name, ...head }),
  );
  const check = () => verify({ folder: forward.folder, knownHeads });
  expect(await check()).toMatchObject({ kind: 'intact' });
  const text = await forward.text();
  await truncate(await forward.path(), text.indexOf('\n', text.length / 2) + 1);
  expect(await check()).toMatchObject({ kind: 'cut', known: head });
});

describe('all logs together', () => {
  async function noted() {
    const forward = new LogFolder(join(folder, 'forward-1'));
    await forward.write(manyOpened(9));
    const { log: name, head } = (await logPlace(forward.folder))!;
    const daemon = new LogFolder(join(folder, 'daemon'));
    await using log = daemon.writer();
    await log.flush();
    await noteOtherLogs({ log, folder });
    await log.flush({ sign: true });
    return { forward, name, head };
  }

  it('one that is gone as a whole is missed, and another in its place is not taken for it', async () => {
    const { forward, name, head } = await noted();
    expect((await verifyAll({ folder })).map(({ verdict }) => verdict.kind)).toEqual(['intact', 'intact']);
    await rm(forward.folder, { recursive: true });
    const gone = { log: name, verdict: { kind: 'cut', lines: 0, known: head } };
    expect(await verifyAll({ folder })).toMatchObject([{ log: 'daemon' }, gone]);
    await new LogFolder(forward.folder).write(manyOpened(1));
    expect(await verifyAll({ folder })).toMatchObject([
      { log: 'daemon' },
      { log: 'forward-1', verdict: { kind: 'intact' } },
      gone,
    ]);
    expect(await verifyAll({ folder, log: 'daemon' })).toHaveLength(1);
  });

  it('one that was copied is not there twice', async () => {
    const { forward } = await noted();
    await cp(forward.folder, join(folder, 'forward-2'), { recursive: true });
    expect(await verifyAll({ folder })).toMatchObject([
      { log: 'daemon', verdict: { kind: 'intact' } },
      { log: 'forward-1', verdict: { kind: 'intact' } },
      { log: 'forward-2', verdict: { kind: 'broken', why: 'it is a copy of the log forward-1' } },
    ]);
  });
});

describe("the cluster's audit log", () => {
  const request = (auditID: string, userAgent: string, more: object = {}) =>
    JSON.stringify({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID,
      stage: 'ResponseStarted',
      requestURI: '/api/v1/namespaces/data/pods/postgres-0/portforward',
      verb: 'create',
      user: { username: 'dev@example.com', groups: ['developers'] },
      userAgent,
      objectRef: { resource: 'pods', namespace: 'data', name: 'postgres-0', subresource: 'portforward' },
      responseStatus: { code: 101 },
      stageTimestamp: '2026-11-21T17:56:14.123456Z',
      ...more,
    });

  it('tells which requests there were, and which head each of them carried', async () => {
    await logs.write([opened(1)]);
    const { log, head } = (await logPlace(logs.folder))!;
    const stamp = headStamp(log, head);
    const path = join(logs.folder, '..', 'cluster.log');
    const lines = [
      request('a-1', `sallyport/0.4.0 (linux; 1f2e) ${stamp}`),
      request('a-2', 'kubectl/v1.36.3'),
      request('a-3', headStamp('ffffffff-other', head)),
      request('a-4', 'x', { objectRef: { resource: 'pods', subresource: 'exec', name: 'portforward' } }),
      '{"portforward" rubbish',
      `"portforward"${'x'.repeat(2_000_000)}`,
    ];
    await writeFile(path, `${lines.join('\n')}\n`);
    const requests = await collect(clusterRequests(path));
    expect(requests.map(({ auditId }) => auditId)).toEqual(['a-1', 'a-2', 'a-3']);
    expect(requests[0]).toMatchObject({ user: 'dev@example.com', pod: 'postgres-0', status: 101 });
    const heads = await clusterHeads(path, [log]);
    expect(heads).toMatchObject([{ seq: head.seq, hash: head.hash.slice(0, 32) }]);
    expect(await verify({ folder: logs.folder, knownHeads: heads })).toMatchObject({ kind: 'intact' });
    await truncate(await logs.path(), (await logs.text()).indexOf('\n') + 1);
    expect(await verify({ folder: logs.folder, knownHeads: heads })).toMatchObject({ kind: 'cut' });
  });

  it('no other text is taken for a head', () => {
    const hash = 'a'.repeat(64);
    expect(readHeadStamp(headStamp('12345678-x', { seq: 7, hash }), 'x')?.seq).toBe(7);
    for (const text of ['', 'sallyport-audit/1234567.1.aa', `sallyport-audit/12345678.-1.${'a'.repeat(32)}`])
      expect(readHeadStamp(text, 'x')).toBeUndefined();
  });
});
