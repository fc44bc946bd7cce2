import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settle } from '../../../test/support/settle.ts';
import type { Clock } from '../../base/clock.ts';
import { context, LogFolder, manyOpened, opened } from '../audit.fixture.ts';
import type { AuditLog } from '../audit-log.ts';
import { applyRetention } from '../retention.ts';
import { verify } from '../verify.ts';
import { readCursor } from './cursor.ts';
import type { Destination, Sent, ShippedBatch } from './destination.ts';
import { Shipper, type ShipperOptions, type ShipperState } from './shipper.ts';

let logs: LogFolder;
let log: AuditLog;
let cursorFile: string;
const shippers: Shipper[] = [];
beforeEach(async () => {
  logs = await LogFolder.create();
  cursorFile = join(logs.folder, '..', 'cursor.json');
  log = logs.writer();
  await log.flush();
});
afterEach(async () => {
  for (const shipper of shippers.splice(0)) await shipper[Symbol.asyncDispose]();
  await log[Symbol.asyncDispose]();
  await logs[Symbol.asyncDispose]();
});

/** Takes lines as a test says, and keeps what it took. */
class Receiver implements Destination {
  answers: Sent[] = [];
  readonly batches: ShippedBatch[] = [];
  readonly lines: string[] = [];
  /** As a receiver that dies with the answer on its way. */
  forgets = false;

  async send(batch: ShippedBatch): Promise<Sent> {
    this.batches.push(batch);
    const answer = this.answers.shift() ?? { kind: 'taken' };
    if (answer.kind === 'taken' || this.forgets) this.lines.push(...batch.lines.map(({ line }) => line));
    return answer;
  }
}

function ship(destination: Destination, more: Partial<ShipperOptions> = {}): Shipper {
  const { folder, clock } = logs;
  const shipper = new Shipper({ name: 'siem', folder, log, destination, cursorFile, clock, ...more }).start();
  shippers.push(shipper);
  return shipper;
}

/** Until the state is so; the clock goes on while it is not. */
async function until(shipper: Shipper, isSo: (state: ShipperState) => boolean): Promise<ShipperState> {
  while (!isSo(shipper.state)) await settle(logs.clock, 100);
  return shipper.state;
}
const sentAll = (shipper: Shipper) => until(shipper, ({ sent }) => sent === log.head.seq);
const allLines = async () => (await logs.text()).trimEnd().split('\n');

it('sends all lines, in order and as they are, and what comes then', async () => {
  const receiver = new Receiver();
  const shipper = ship(receiver);
  await sentAll(shipper);
  for (const event of manyOpened(30)) log.append(event);
  await log.flush({ sign: true });
  await sentAll(shipper);
  expect(receiver.lines).toEqual(await allLines());
  expect(receiver.batches.every(({ log: name }) => name === log.log)).toBe(true);
  expect(await readCursor(cursorFile)).toEqual({ log: log.log, head: log.head });
});

it('waits for a log that cannot be written yet, and keeps its place', async () => {
  await sentAll(ship(new Receiver()));
  await log[Symbol.asyncDispose]();
  const { seq } = (await readCursor(cursorFile))!.head;
  log = logs.writer();
  const receiver = new Receiver();
  const shipper = ship(receiver);
  await settle(logs.clock);
  await log.flush();
  await sentAll(shipper);
  expect(JSON.parse(receiver.lines[0]!).seq).toBe(seq + 1);
});

it('sends nothing that is not on disk yet', async () => {
  const receiver = new Receiver();
  const shipper = ship(receiver);
  await sentAll(shipper);
  log.append(opened(1));
  await settle(logs.clock);
  expect(receiver.lines.join('\n')).not.toContain('connection-opened');
});

it('sends no line behind the one that is known to be on disk', async () => {
  for (const event of manyOpened(9)) log.append(event);
  await log.flush();
  const head = { seq: 5, hash: '' };
  const receiver = new Receiver();
  const synced = { log: log.log, head, onDurable: () => () => {}, append: () => true };
  const shipper = ship(receiver, { log: synced });
  await until(shipper, ({ sent }) => sent >= 5);
  expect(receiver.lines).toEqual((await allLines()).slice(0, 5));
});

it('goes on from its place, in batches of at most 1,000 lines and over the bounds of files', async () => {
  for (const event of manyOpened(2_500)) log.append(event);
  await log.flush();
  logs.clock.advance(86_400_000);
  for (const event of manyOpened(10)) log.append(event);
  await log.flush();
  const receiver = new Receiver();
  const first = ship(receiver);
  await until(first, ({ sent }) => sent >= 1_000);
  await first[Symbol.asyncDispose]();
  await sentAll(ship(receiver));
  expect(new Set(receiver.lines)).toEqual(
    new Set([...(await logs.text(0)).split('\n'), ...(await allLines())].filter((l) => l)),
  );
  expect(receiver.lines.length).toBe(log.head.seq);
  expect(Math.max(...receiver.batches.map(({ lines }) => lines.length))).toBe(1_000);
});

describe('a receiver that does not take them', () => {
  it('gets them again, after growing pauses', async () => {
    const receiver = new Receiver();
    const later = { kind: 'later', why: 'it answered 503' } as const;
    receiver.answers = Array(5).fill(later);
    const delays: number[] = [];
    const clock: Clock = {
      wallMs: () => logs.clock.wallMs(),
      nowMs: () => logs.clock.nowMs(),
      after(delayMs, callback) {
        delays.push(delayMs);
        return logs.clock.after(delayMs, callback);
      },
    };
    const shipper = ship(receiver, { clock, gatherMs: 0 });
    expect(await until(shipper, ({ kind }) => kind === 'waiting')).toMatchObject({
      why: later.why,
      refused: false,
      sent: 0,
    });
    await sentAll(shipper);
    const pauses = delays.filter((delayMs) => delayMs > 0);
    // 1, 2, 4, 8 and 16 s, each up to a fifth shorter.
    expect(pauses).toHaveLength(5);
    for (const [index, pauseMs] of pauses.entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual(800 * 2 ** index);
      expect(pauseMs).toBeLessThanOrEqual(1_000 * 2 ** index);
    }
    expect(receiver.lines).toEqual(await allLines());
    expect(shipper.state).toMatchObject({ kind: 'shipping' });
  });

  it('is given the time that it asks for', async () => {
    const receiver = new Receiver();
    receiver.answers = [{ kind: 'later', why: 'busy', afterMs: 60_000 }];
    const shipper = ship(receiver);
    await until(shipper, ({ kind }) => kind === 'waiting');
    await settle(logs.clock, 59_000);
    expect(receiver.batches).toHaveLength(1);
    await sentAll(shipper);
    expect(receiver.batches).toHaveLength(2);
  });

  it('for good keeps its place, and is said to refuse', async () => {
    const receiver = new Receiver();
    receiver.answers = Array(2).fill({ kind: 'refused', why: 'it answered 401' });
    const shipper = ship(receiver);
    const waiting = await until(shipper, ({ kind }) => kind === 'waiting');
    expect(waiting).toMatchObject({ refused: true, why: 'it answered 401', sent: 0 });
    await sentAll(shipper);
    expect(receiver.lines).toEqual(await allLines());
  });

  it('or throws, is asked again', async () => {
    const receiver = new Receiver();
    let throws = true;
    const shipper = ship({
      send: (batch) => {
        if (!throws) return receiver.send(batch);
        throws = false;
        throw new Error('broken');
      },
    });
    expect(await until(shipper, ({ kind }) => kind === 'waiting')).toMatchObject({ why: 'broken' });
    await sentAll(shipper);
  });
});

it('sends again what may not have arrived, and leaves nothing out', async () => {
  const receiver = new Receiver();
  receiver.forgets = true;
  receiver.answers = [{ kind: 'later', why: 'the answer was lost' }];
  await sentAll(ship(receiver));
  const lines = await allLines();
  expect(receiver.lines).toEqual([...lines, ...lines]);
});

it('counts what the receiver could not use, and does not send it again', async () => {
  const receiver = new Receiver();
  receiver.answers = [{ kind: 'taken', rejected: 1 }];
  const shipper = ship(receiver);
  await sentAll(shipper);
  expect(shipper.state).toMatchObject({ kind: 'shipping', rejected: 1 });
  expect(receiver.batches).toHaveLength(1);
});

it.each(['', 'rubbish', '{"log":"another","head":{"seq":999,"hash":""}}'])(
  'begins anew with a cursor of %j',
  async (text) => {
    await writeFile(cursorFile, text);
    const receiver = new Receiver();
    await sentAll(ship(receiver));
    expect(receiver.lines).toEqual(await allLines());
  },
);

it('says in the log what was dropped before it could be sent', async () => {
  for (let day = 0; day < 3; day++) {
    log.append({ event: 'tunnel-closed', ...context, why: 'asked' });
    await log.flush();
    logs.clock.advance(86_400_000);
  }
  const { folder } = logs;
  await applyRetention({ folder, log, nowMs: logs.clock.wallMs(), maxAgeDays: 1, maxBytes: 1e9 });
  const receiver = new Receiver();
  const shipper = ship(receiver);
  await until(shipper, ({ sent }) => sent > 0);
  await log.flush();
  expect((await logs.records()).find(({ event }) => event === 'shipping-gap')).toMatchObject({
    shipper: 'siem',
    sent: { seq: 0 },
    resumed: JSON.parse(receiver.lines[0]!).seq,
  });
});

it('sends a line that somebody made unreadable, too', async () => {
  const text = await logs.text();
  await logs.setText(text.replace('"pid":', '"pid" '));
  const receiver = new Receiver();
  await sentAll(ship(receiver));
  expect(receiver.lines[1]).toContain('"pid" ');
});

it('knows a head that tells a cut from a crash', async () => {
  for (const event of manyOpened(5)) log.append(event);
  await log.flush({ sign: true });
  await sentAll(ship(new Receiver()));
  const { head } = (await readCursor(cursorFile))!;
  const lines = await allLines();
  await logs.setText(`${lines.slice(0, 4).join('\n')}\n`);
  const knownHeads = [{ ...head, from: 'the shipper siem' }];
  expect(await verify({ folder: logs.folder, knownHeads })).toMatchObject({ kind: 'cut' });
});
