import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { AppError } from '../../src/base/app-error.ts';
import { daemonPlaces } from '../../src/base/daemon-places.ts';
import { FakeCli, type FakeCliOptions } from './fake-cli.ts';
import { FakeControl } from './fake-control.ts';

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ran: FakeCli['ran'];
}

/** A person's folders, new for each test, and command lines that are given in them. */
export interface ProfileFolder {
  /** Where the person stands. */
  readonly dir: string;
  readonly userFile: string;
  /** What the person's own file holds. */
  text(): Promise<string>;
  sallyport(argv: readonly string[], options?: FakeCliOptions): Promise<Said>;
}

export function useProfileFolder(): ProfileFolder {
  const folder = {
    dir: '',
    userFile: '',
    text: () => readFile(folder.userFile, 'utf8'),
    async sallyport(argv: readonly string[], options: FakeCliOptions = {}): Promise<Said> {
      using cli = new FakeCli({ control: noDaemon(), cwd: folder.dir, ...options });
      const code = await cli.run(...argv);
      return { code, stdout: cli.stdout.text, stderr: cli.stderr.text, ran: cli.ran };
    },
  };
  beforeEach(async () => {
    folder.dir = await mkdtemp(join(tmpdir(), 'sallyport-profile-'));
    for (const name of ['CONFIG', 'DATA', 'STATE', 'CACHE'])
      vi.stubEnv(`XDG_${name}_HOME`, join(folder.dir, name));
    folder.userFile = daemonPlaces({ env: {}, platform: 'linux' }).userFile;
    await mkdir(dirname(folder.userFile), { recursive: true });
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder.dir, { recursive: true, force: true });
  });
  return folder;
}

/** A daemon that does not run: files are all there is. */
export function noDaemon(): FakeControl {
  const absent = async (): Promise<never> => {
    throw new AppError('SP-DAEMON-NOT-RUNNING');
  };
  return new FakeControl().on('reload', absent).on('tunnels', absent).on('down', absent);
}
