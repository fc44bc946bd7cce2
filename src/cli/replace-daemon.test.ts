import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeCli } from '../../test/support/fake-cli.ts';
import { FakeControl } from '../../test/support/fake-control.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { restartDaemon } from './replace-daemon.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replace-daemon-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('does not end the daemon for one that the settings would keep from starting', async () => {
  const settingsFile = join(folder, 'settings.yaml');
  await writeFile(settingsFile, 'pasword: {keepIn: file}\n');
  await using control = new FakeControl();
  using cli = new FakeCli({ control });
  await expect(restartDaemon(cli, { ...daemonPlaces(cli), settingsFile })).rejects.toMatchObject({
    code: 'SP-USAGE',
    details: { message: expect.stringContaining('settings.yaml'), next: 'correct the file' },
  });
  expect(control.calls.map(({ operation }) => operation)).not.toContain('shutdown');
});
