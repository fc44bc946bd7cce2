import { copyFile, mkdir, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { auditVerdictSchema } from '../contract/audit-verdict.ts';
import { context, LogFolder, manyOpened, opened } from './audit.fixture.ts';
import { chainLine, emptyHead, hashOf } from './audit-line.ts';
import { newSigningKey, signedBody, signerOf } from './checkpoint.ts';
import { isoTime, lineBody } from './line-body.ts';
import { logFiles } from './log-files.ts';
import { verify } from './verify.ts';

/** A log of two days, three files, whose last lines nothing signs; each test has a copy of its own. */
let original: LogFolder;
let copy: LogFolder;
/** All lines, first to last. */
let lines: string[];
/** Index of the last line that is signed. */
let lastSigned: number;
let seed = 0;

beforeAll(async () => {
  original = await LogFolder.create();
  await original.write(manyOpened(12), { limits: { maxFileBytes: 4_000 } });
  await original.write(manyOpened(5), { limits: { maxFileBytes: 4_000 } });
  original.clock.advance(86_400_000);
  const writer = original.writer();
  for (const event of manyOpened(6)) writer.append(event);
  await writer.flush({ sign: true });
  for (const event of manyOpened(3)) writer.append(event);
  await writer.flush();
  // As a kill leaves it.
  const texts = await Promise.all(
    (await logFiles(original.folder)).map(({ path }) => readFile(path, 'latin1')),
  );
  lines = texts.join('').trimEnd().split('\n');
  lastSigned = lines.findLastIndex((line) => line.includes('"event":"checkpoint"'));
  await writer[Symbol.asyncDispose]();
  await Promise.all(texts.map(async (text, index) => original.setText(text, index)));
});
afterAll(() => original[Symbol.asyncDispose]());
beforeEach(async () => {
  copy = new LogFolder(join(original.folder, '..', `copy-${seed++}`));
  await restore();
});

async function restore(): Promise<void> {
  await mkdir(copy.folder, { recursive: true });
  for (const name of await readdir(copy.folder)) await unlink(join(copy.folder, name));
  for (const { name, path } of await logFiles(original.folder)) await copyFile(path, join(copy.folder, name));
}

/** The copy with other lines in place of its own; each stays in its file. */
async function setLines(change: (lines: string[], file: number) => string[]): Promise<void> {
  for (const [index, { path }] of (await logFiles(original.folder)).entries()) {
    const own = (await readFile(path, 'latin1')).trimEnd().split('\n');
    await copy.setText(`${change(own, index).join('\n')}\n`, index);
  }
}

const check = (options = {}) => verify({ folder: copy.folder, ...options });

it('finds nothing wrong with what was written, and says what is not signed yet', async () => {
  const verdict = await check();
  auditVerdictSchema.parse(verdict);
  expect(verdict).toEqual({
    kind: 'intact',
    files: 3,
    lines: lines.length,
    head: { seq: lines.length, hash: hashOf(lines.at(-1)!) },
    signed: { seq: lastSigned + 1, hash: hashOf(lines[lastSigned]!) },
    unsignedLines: 3,
    keys: [original.signer.key],
    tailsCut: 0,
    lostEvents: 0,
  });
});

it('finds nothing in an empty folder, or in none', async () => {
  const nothing = { kind: 'intact', lines: 0, head: emptyHead };
  expect(await verify({ folder: join(copy.folder, 'none') })).toMatchObject(nothing);
});

describe('before the last checkpoint', () => {
  it('each changed byte is found, and its line named', { timeout: 60_000 }, async () => {
    const all = lines.join('\n').length;
    const signedBytes = lines.slice(0, lastSigned + 1).join('\n').length;
    expect(all).toBeGreaterThan(signedBytes);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: signedBytes - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const text = lines.join('\n');
          const before = text.slice(0, at).split('\n').length;
          const byte = String.fromCharCode(text.charCodeAt(at) ^ flip);
          const changed = `${text.slice(0, at)}${byte}${text.slice(at + 1)}\n`;
          // In one file, so that places are easy to tell.
          await copyInOne(changed);
          const verdict = await check();
          expect(verdict).toMatchObject({ kind: 'broken' });
          if (verdict.kind !== 'broken') return;
          // A line feed that comes or goes splits or joins lines: the next one may be named.
          const splits = byte === '\n' || text[at] === '\n';
          expect(splits ? [before, before + 1] : [before]).toContain(verdict.line);
        },
      ),
      fuzzed(400),
    );
  });

  it('each removed run of lines is found', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(lastSigned - 1), fc.integer({ min: 1, max: 5 }), async (from, count) => {
        await copyInOne(`${lines.toSpliced(from, Math.min(count, lastSigned - from)).join('\n')}\n`);
        expect(await check()).toMatchObject({
          kind: 'broken',
          line: from + 1,
          fault: from === 0 ? 'beginning' : 'missing',
        });
      }),
      fuzzed(60),
    );
  });

  it('each swap of two lines is found', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(lastSigned), fc.nat(lastSigned), async (a, b) => {
        fc.pre(a !== b);
        const swapped = lines.with(a, lines[b]!).with(b, lines[a]!);
        await copyInOne(`${swapped.join('\n')}\n`);
        expect(await check()).toMatchObject({ kind: 'broken', line: Math.min(a, b) + 1 });
      }),
      fuzzed(60),
    );
  });

  it('each inserted line is found', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: lastSigned }), async (at) => {
        const forged = chainLine({ seq: at, hash: hashOf(lines[at - 1]!) }, lineBody(opened(99), isoTime(0)));
        await copyInOne(`${lines.toSpliced(at, 0, forged.line).join('\n')}\n`);
        expect(await check()).toMatchObject({ kind: 'broken' });
      }),
      fuzzed(30),
    );
  });

  it('each file that is cut, at any byte, is found where another follows', async () => {
    const first = await copy.text(0);
    await fc.assert(
      fc.asyncProperty(fc.nat(first.length - 1), async (at) => {
        await copy.setText(first.slice(0, at), 0);
        expect(await check()).toMatchObject({ kind: 'broken' });
      }),
      fuzzed(60),
    );
  });

  it('each cut of the end, at any byte, is found by who has the head of that checkpoint', async () => {
    const text = await copy.text();
    const signedBytes = text.indexOf(lines[lastSigned]!) + lines[lastSigned]!.length;
    const knownHeads = [{ seq: lastSigned + 1, hash: hashOf(lines[lastSigned]!), from: 'the writer' }];
    await fc.assert(
      fc.asyncProperty(fc.nat(signedBytes), async (at) => {
        await copy.setText(text.slice(0, at));
        expect(await check({ knownHeads })).toMatchObject({ kind: 'cut', known: knownHeads[0] });
      }),
      fuzzed(60),
    );
  });

  it('each missing file is found', async () => {
    for (const index of [0, 1]) {
      await unlink(await copy.path(index));
      const fault = index === 0 ? 'beginning' : 'missing';
      expect(await check()).toMatchObject({ kind: 'broken', line: 1, fault });
      await restore();
    }
  });

  it('lines that were forged from one on, hashes and all, are found by the signature', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(lastSigned - 1), async (at) => {
        const forged = rechained(lines.with(at, lines[at]!.replace('"at":"2023', '"at":"2022')));
        fc.pre(forged[at] !== lines[at]);
        await copyInOne(`${forged.join('\n')}\n`);
        expect(await check()).toMatchObject({ kind: 'broken', fault: 'signature' });
      }),
      fuzzed(20),
    );
  });

  async function copyInOne(text: string): Promise<void> {
    for (const { path } of (await logFiles(copy.folder)).slice(1)) await unlink(path);
    await copy.setText(text, 0);
  }
});

function rechained(all: readonly string[]): string[] {
  let head = emptyHead;
  return all.map((line) => {
    const next = chainLine(head, `{${line.slice(line.indexOf('"event"'))}`);
    head = next.head;
    return next.line;
  });
}

it('a signature has one text: another that decodes to it is found, in the last line too', async () => {
  const last = lines[lastSigned]!;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const other = alphabet[alphabet.indexOf(last.at(-3)!) ^ 1]!;
  const altered = `${last.slice(0, -3)}${other}"}`;
  const signature = (line: string) => Buffer.from(JSON.parse(line).signature, 'base64url');
  expect(signature(altered)).toEqual(signature(last));
  const text = await copy.text();
  await copy.setText(`${text.slice(0, text.indexOf(last))}${altered}\n`);
  expect(await check()).toMatchObject({ kind: 'broken', fault: 'signature' });
});

describe('forgeries with another key', () => {
  const forger = signerOf(newSigningKey());

  async function resigned(from: number): Promise<string[]> {
    let head = emptyHead;
    const forged: string[] = [];
    for (const [index, line] of lines.entries()) {
      const sign = line.includes('"event":"checkpoint"') && index >= from;
      const body = sign
        ? await signedBody(forger, isoTime(0), (unsigned) => chainLine(head, unsigned).line)
        : `{${line.slice(line.indexOf('"event"')).replace('orders-db', index >= from ? 'other-db' : 'orders-db')}`;
      const next = chainLine(head, body);
      head = next.head;
      forged.push(next.line);
    }
    return forged;
  }

  it('of the end are found', async () => {
    const forged = await resigned(Math.floor(lines.length / 2));
    await setLines((own, file) => forged.splice(0, own.length).slice(0, file === 9 ? 0 : undefined));
    expect(await check()).toMatchObject({ kind: 'broken', fault: 'key' });
  });

  it('of all are found where the key is known', async () => {
    const forged = await resigned(0);
    await setLines((own) => forged.splice(0, own.length));
    expect(await check()).toMatchObject({ kind: 'intact', keys: [forger.key] });
    expect(await check({ trustedKeys: [original.signer.key] })).toMatchObject({
      kind: 'broken',
      fault: 'key',
    });
  });

  it('a change of key is none, where both are known', async () => {
    await copy.write([opened(1)], { signer: forger });
    expect(await check()).toMatchObject({ kind: 'broken', fault: 'key' });
    const trustedKeys = [original.signer.key, forger.key];
    expect(await check({ trustedKeys })).toMatchObject({ kind: 'intact', keys: trustedKeys });
  });
});

it('takes no log for signed that is not', async () => {
  const plain = lines.filter((line) => !line.includes('"event":"checkpoint"'));
  const forged = rechained(plain);
  await setLines((own) => forged.splice(0, own.length));
  expect(await check()).toMatchObject({ kind: 'unsigned', lines: plain.length });
});

it('finds more lines without a checkpoint than a log ever has', async () => {
  let head = emptyHead;
  const body = lineBody({ event: 'tunnel-closed', ...context, why: 'asked' }, isoTime(0));
  const many = Array.from({ length: 20_001 }, () => {
    const next = chainLine(head, body);
    head = next.head;
    return next.line;
  });
  await setLines((_, file) => (file === 0 ? many : []));
  expect(await check()).toMatchObject({ kind: 'broken', fault: 'unsigned' });
});

describe('the end', () => {
  it('torn by a crash is told, and nothing else is wrong', async () => {
    const text = await copy.text();
    const whole = text.lastIndexOf('\n', text.length - 2) + 1;
    for (const at of [whole + 1, whole + 100, text.length - 1]) {
      await copy.setText(text.slice(0, at));
      const { name } = (await logFiles(copy.folder)).at(-1)!;
      expect(await check()).toMatchObject({ kind: 'intact', torn: { file: name, bytes: at - whole } });
    }
  });

  it('cut off is told where a later head is known, by all of its hash or a part', async () => {
    const text = await copy.text();
    const cutAt = text.indexOf('\n', 1_000) + 1;
    await truncate(await copy.path(), cutAt);
    expect(await check()).toMatchObject({ kind: 'intact' });
    for (const length of [64, 16]) {
      const known = {
        seq: lines.length - 1,
        hash: hashOf(lines.at(-2)!).slice(0, length),
        from: 'the cluster',
      };
      expect(await check({ knownHeads: [known] })).toMatchObject({ kind: 'cut', known });
    }
  });

  it('that agrees with the known heads is no cut', async () => {
    const heads = lines.map((line, index) => ({ seq: index + 1, hash: hashOf(line), from: 'a shipper' }));
    expect(await check({ knownHeads: heads.toReversed() })).toMatchObject({ kind: 'intact' });
  });

  it('written anew behind a cut is found by the known head', async () => {
    await truncate(await copy.path(), (await copy.text()).indexOf('\n', 1_000) + 1);
    await new LogFolder(copy.folder).write(manyOpened(20), { signer: original.signer });
    const known = { seq: lines.length, hash: hashOf(lines.at(-1)!), from: 'the cluster' };
    expect(await check()).toMatchObject({ kind: 'intact' });
    expect(await check({ knownHeads: [known] })).toMatchObject({ kind: 'broken', fault: 'known-head' });
  });
});

it('is not stopped by a line without end', async () => {
  await writeFile(await copy.path(), Buffer.alloc(20_000_000, 'x'), { flag: 'a' });
  expect(await check()).toMatchObject({
    kind: 'broken',
    fault: 'form',
    why: 'it is longer than a line may be',
  });
});
