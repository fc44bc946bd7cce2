import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { watchFiles } from './watch-files.ts';

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), 'watch-files-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  return (name: string) => join(dir, name);
}

function watched(...files: string[]) {
  const clock = new FakeClock();
  const onChange = vi.fn();
  const onUnwatched = vi.fn();
  const watch = watchFiles(files, { clock, onChange, onUnwatched });
  onTestFinished(() => watch[Symbol.dispose]());
  return { clock, onChange, onUnwatched, heard: () => expect.poll(() => clock.pending).toBe(1) };
}

it('tells once of a file that is replaced, when it has come to rest', async () => {
  const at = await folder();
  await writeFile(at('config'), 'old');
  const { clock, onChange, heard } = watched(at('config'));
  await writeFile(at('next'), 'new');
  await rename(at('next'), at('config'));
  await heard();
  expect(onChange).not.toHaveBeenCalled();
  clock.advance(100);
  expect(onChange).toHaveBeenCalledTimes(1);
});

it('tells of what a link points at', async () => {
  const at = await folder();
  await mkdir(at('store'));
  await writeFile(at('store/config'), 'old');
  await symlink(at('store/config'), at('link'));
  const { heard } = watched(at('link'));
  await writeFile(at('store/config'), 'new');
  await heard();
});

it('knows a file by its folder, not by its name alone', async () => {
  const at = await folder();
  for (const name of ['a', 'b']) await mkdir(at(name));
  const { clock } = watched(at('a/config'), at('b/token'));
  const witness = watched(at('b/config'));
  await writeFile(at('b/config'), '');
  await witness.heard();
  expect(clock.pending).toBe(0);
});

it('says which folder it cannot watch, and watches the others', async () => {
  const at = await folder();
  const { onUnwatched, heard } = watched(at('none/config'), at('config'));
  expect(onUnwatched.mock.calls).toEqual([[{ folder: at('none'), error: 'ENOENT' }]]);
  await writeFile(at('config'), '');
  await heard();
});
