import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl } from '../../test/support/fake-control.ts';

const url = 'http://sallyport-1.localhost:1/enter?token=secret';
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sallyport-ui-'));
  await mkdir(join(dir, 'sallyport'));
});
afterEach(() => rm(dir, { recursive: true }));

const cliOf = () =>
  new FakeCli({
    env: { XDG_RUNTIME_DIR: dir },
    control: new FakeControl().on('ui', async () => ({ url, expiresAtMs: 1 })),
  });

it('gives the browser a private file that leads to the page, so that no list of processes shows the token', async () => {
  using cli = cliOf();
  expect(await cli.run('ui')).toBe(0);
  const [opened = ''] = cli.opened;
  expect(opened).toMatch(/^file:.*\.html$/);
  expect(cli.stdout.text).not.toContain('secret');
  const file = fileURLToPath(opened);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).toContain(`content="0;url=${url}"`);
});

it('prints the address where it is asked to, and opens nothing', async () => {
  using cli = cliOf();
  expect(await cli.run('ui', '--no-open')).toBe(0);
  expect(cli.stdout.text).toBe(`${url}\n`);
  expect(cli.opened).toEqual([]);
});
