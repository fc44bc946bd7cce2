import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import type { AuditHead } from '../contract/audit-event.ts';
import { LogFolder, manyOpened, opened } from './audit.fixture.ts';
import { newSigningKey, signerOf } from './checkpoint.ts';
import { verify } from './verify.ts';

let logs: LogFolder;
beforeEach(async () => {
  logs = await LogFolder.create();
});
afterEach(() => logs[Symbol.asyncDispose]());

const kills = 200;

it(`${kills} kills while it is written lose at most what was not acknowledged`, {
  timeout: 300_000,
}, async () => {
  const key = newSigningKey();
  const trustedKeys = [signerOf(key).key];
  const keyFile = join(logs.folder, '..', 'key');
  await writeFile(keyFile, key.reveal());
  // Bundled: what a process needs to start is most of its cost.
  const script = join(logs.folder, '..', 'writer.mjs');
  const source = new URL('./endless-writer.fixture.ts', import.meta.url).pathname;
  await build({ entryPoints: [source], outfile: script, bundle: true, platform: 'node', format: 'esm' });
  let acknowledged: AuditHead = { seq: 0, hash: '' };
  let state = 20_261_121;
  for (let round = 1; round <= kills; round++) {
    state = (state * 48_271) % 2_147_483_647;
    acknowledged = await writeUntilKilled([script, logs.folder, keyFile, String(state)], 1 + (state % 6));
    if (round % 10 !== 0 && round < kills) continue;
    const known = { ...acknowledged, from: 'the writer' };
    const verdict = await verify({ folder: logs.folder, trustedKeys, knownHeads: [known] });
    expect(verdict).toMatchObject({ kind: 'intact' });
    expect(verdict.head.seq).toBeGreaterThanOrEqual(acknowledged.seq);
  }
  expect((await logs.records()).filter(({ event }) => event === 'writer-started')).toHaveLength(kills);
});

/** Kills the writer after so many batches; returns the last that it acknowledged. */
async function writeUntilKilled(args: readonly string[], batches: number): Promise<AuditHead> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = '';
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    last = line;
    if (++count === batches) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  const [seq, hash] = last.split(' ');
  return { seq: Number(seq), hash: hash! };
}

describe('a writer that starts', () => {
  /** As a crash leaves it: signed lines, then three that nothing signs. */
  async function crashed(): Promise<string> {
    const log = logs.writer();
    log.append(opened(1));
    await log.flush({ sign: true });
    for (const event of manyOpened(3)) log.append(event);
    await log.flush();
    const text = await logs.text();
    await log[Symbol.asyncDispose]();
    await logs.setText(text);
    return text;
  }

  it('cuts off a torn end, wherever it is torn, and says so', async () => {
    const text = await crashed();
    const signedBytes = text.indexOf('\n', text.indexOf('"event":"checkpoint"')) + 1;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: signedBytes, max: text.length }), async (at) => {
        await logs.setText(text.slice(0, at));
        await logs.write([opened(9)]);
        const torn = at - (text.lastIndexOf('\n', at - 1) + 1);
        expect(await verify({ folder: logs.folder })).toMatchObject({
          kind: 'intact',
          unsignedLines: 0,
          tailsCut: torn > 0 ? 1 : 0,
        });
        const cut = (await logs.records()).find(({ event }) => event === 'tail-cut');
        if (torn > 0) expect(cut).toMatchObject({ bytes: torn });
      }),
      fuzzed(60),
    );
  });

  it('cuts off what power loss left behind the last checkpoint', async () => {
    const text = await crashed();
    for (const rubbish of ['\0'.repeat(4_096), `${'x'.repeat(50_000)}\nyy`, text.slice(0, 500)]) {
      await logs.setText(text);
      await appendFile(await logs.path(), rubbish);
      await logs.write([opened(9)]);
      expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact', tailsCut: 1 });
      expect((await logs.records()).filter(({ event }) => event === 'connection-opened')).toHaveLength(5);
    }
  });

  it('does not touch what was signed, and goes on behind it', async () => {
    const text = await crashed();
    const changed = text.replace('psql', 'pgql');
    await logs.setText(changed);
    await logs.write([opened(9)]);
    expect((await logs.text()).startsWith(changed)).toBe(true);
    expect((await logs.records()).find(({ event }) => event === 'damage-found')).toMatchObject({ line: 3 });
    expect(await verify({ folder: logs.folder })).toMatchObject({
      kind: 'broken',
      line: 3,
      fault: 'changed',
    });
  });

  it.each([0, 40])('goes on where a crash left %i bytes of a new file', async (bytes) => {
    await crashed();
    const rest = (await logs.text()).slice(0, bytes);
    await writeFile(join(logs.folder, '2023-11-14.0002.jsonl'), rest);
    await logs.write([opened(9)]);
    expect(await verify({ folder: logs.folder })).toMatchObject({ kind: 'intact', files: 2 });
    expect((await logs.text(1)).split('\n')[0]).toContain('"event":"file-opened"');
    const names = (await logs.records()).filter(({ event }) => event === 'file-opened').map(({ log }) => log);
    expect(new Set(names).size).toBe(1);
  });
});
