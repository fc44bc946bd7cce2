import { daemonPlaces } from '../base/daemon-places.ts';
import { silentLog } from '../base/log.ts';
import type { TargetCheck } from '../profile/check-profile.ts';
import type { ProfileStore } from '../profile/profile-store.ts';
import type { ProfileFile } from '../profile/read-profile-file.ts';
import type { Cli } from './cli.ts';

/** Beside a file that is made here; relative, so that both may move. */
export const schemaFileName = 'profiles.schema.json';

/** Profiles as they are on the disk, without a daemon. A running one sees by itself what is changed. */
export async function openProfiles(cli: Cli): Promise<ProfileStore> {
  const { ProfileStore } = await import('../profile/profile-store.ts');
  const places = daemonPlaces(cli);
  return new ProfileStore({
    userFile: places.userFile,
    trustFile: places.trustFile,
    gitCache: places.gitCache,
    home: cli.home,
    uid: cli.uid,
    environment: cli.env,
    clock: cli.clock,
    log: silentLog,
    checkTarget: await loadTargetCheck(),
    schemaLocation: `./${schemaFileName}`,
  });
}

export interface ReadProfiles {
  readonly content: ProfileFile;
  /** It is the user's own file, which may say more than others'. */
  readonly isOwn: boolean;
}

/** One file by its absolute path, with all its problems. */
export async function readProfiles(file: string, cli: Cli): Promise<ReadProfiles> {
  const [{ readProfileFile, unreadable }, { readSourceFile }] = await Promise.all([
    import('../profile/read-profile-file.ts'),
    import('../profile/source-file.ts'),
  ]);
  const isOwn = file === daemonPlaces(cli).userFile;
  const read = await readSourceFile(file, isOwn ? cli : undefined);
  const entry = read.state === 'read' ? read.files[0] : undefined;
  if (!entry) return { content: unreadable(file, 'there is no such file'), isOwn };
  if (!('text' in entry)) return { content: unreadable(file, `the file ${entry.why}`), isOwn };
  const checkTarget = await loadTargetCheck();
  return {
    content: readProfileFile(entry.text, { file, origin: isOwn ? 'own' : 'shared', checkTarget }),
    isOwn,
  };
}

/** What the engine will say of a target; loaded lazily, because few commands read files. */
async function loadTargetCheck(): Promise<TargetCheck> {
  return (await import('../target/check-target.ts')).checkTarget;
}
