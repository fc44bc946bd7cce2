import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { silentLog } from '../../src/base/log.ts';
import { replaceFile } from '../../src/base/replace-file.ts';
import type { ProfileSnapshot } from '../../src/contract/profile-snapshot.ts';
import { ProfileStore, type ProfileStoreOptions } from '../../src/profile/profile-store.ts';
import { FakeClock } from './fake-clock.ts';

/** For git: the user's own settings and credentials stay out of it. */
export const environment = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };

/** A home folder for each test, and stores on it that end with the test. */
export function profileFiles() {
  let home: string;
  let stores: ProfileStore[];
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'profile-store-'));
    stores = [];
  });
  afterEach(async () => {
    for (const store of stores) await store[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });
  return {
    get home() {
      return home;
    },
    open(options: Partial<ProfileStoreOptions> = {}): ProfileStore {
      const store = new ProfileStore({
        userFile: join(home, 'config/profiles.yaml'),
        trustFile: join(home, 'data/trust.json'),
        gitCache: join(home, 'cache/git'),
        home,
        environment,
        clock: new FakeClock(),
        log: silentLog,
        checkTarget: () => undefined,
        schemaLocation: './s.json',
        ...options,
      });
      stores.push(store);
      return store;
    },
    /** A profile file of these lines under the home folder, in one step: who watches it never sees the half of it. */
    async write(path: string, ...lines: string[]): Promise<string> {
      const file = join(home, path);
      await mkdir(join(file, '..'), { recursive: true });
      await replaceFile(file, `version: 1\n${lines.join('\n')}\n`, { mode: 0o644 });
      return file;
    },
  };
}

/** The line of one profile, `more` in it. */
export const one = (name: string, more = '') =>
  `  ${name}: {cluster: {context: prod}, namespace: shop, target: service/${name}, port: 80${more && `, ${more}`}}`;

export const trusts = ({ profiles }: ProfileSnapshot) =>
  Object.fromEntries(profiles.map(({ id, trust }) => [id, trust.kind]));
export const messages = ({ problems }: ProfileSnapshot) => problems.map(({ message }) => message);
