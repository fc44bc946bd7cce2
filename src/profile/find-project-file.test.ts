import { chown, lchown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findProjectFile } from './find-project-file.ts';

let home: string;
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'project-')));
  await mkdir(join(home, 'work/shop/src'), { recursive: true });
});
afterEach(() => rm(home, { recursive: true }));

const uid = process.getuid?.();

it('takes the nearest file upward', async () => {
  await writeFile(join(home, 'work/sallyport.yaml'), '');
  await writeFile(join(home, 'sallyport.yaml'), '');
  const found = await findProjectFile({ from: join(home, 'work/shop/src'), home, uid });
  expect(found).toMatchObject({ file: join(home, 'work/sallyport.yaml'), stoppedAt: 'file', passedOver: [] });
});

it('looks in home and nowhere above it', async () => {
  const inner = join(home, 'work');
  await writeFile(join(home, 'sallyport.yaml'), '');
  const found = await findProjectFile({ from: join(home, 'work/shop'), home: inner, uid });
  expect(found).toEqual({ file: undefined, searchedUpTo: inner, stoppedAt: 'home', passedOver: [] });
});

it('says that it went up to the root', async () => {
  const found = await findProjectFile({ from: join(home, 'work'), home: '/nonexistent', uid });
  expect(found).toMatchObject({ file: undefined, searchedUpTo: '/', stoppedAt: 'root' });
});

it('is not led by a folder of that name', async () => {
  await mkdir(join(home, 'work/sallyport.yaml'));
  expect(await findProjectFile({ from: join(home, 'work'), home, uid })).toMatchObject({ file: undefined });
});

it.runIf(uid === 0)('passes over a link that another user has made to a file of ours', async () => {
  await writeFile(join(home, 'mine.yaml'), '');
  const link = join(home, 'work/sallyport.yaml');
  await symlink(join(home, 'mine.yaml'), link);
  await lchown(link, 1234, 1234);
  const found = await findProjectFile({ from: join(home, 'work'), home, uid });
  expect(found).toMatchObject({ file: undefined, passedOver: [link] });
});

it.runIf(uid === 0)('passes over what another user left there', async () => {
  const planted = join(home, 'work/sallyport.yaml');
  await writeFile(planted, '');
  await chown(planted, 1234, 1234);
  const found = await findProjectFile({ from: join(home, 'work/shop'), home, uid });
  expect(found).toMatchObject({ file: undefined, stoppedAt: 'home', passedOver: [planted] });
});
