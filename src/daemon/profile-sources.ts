import type { Clock } from '../base/clock.ts';
import type { DaemonPlaces } from '../base/daemon-places.ts';
import type { Log } from '../base/log.ts';
import type { PolicyFloor } from '../contract/policy.ts';
import { ProfileStore } from '../profile/profile-store.ts';
import { checkTarget } from '../target/check-target.ts';

/** The profiles that a daemon knows, from the places that it was given. */
export function profileStore({
  options,
  log,
  clock,
  isProjectInUse,
  floor,
}: {
  options: {
    readonly places: DaemonPlaces;
    readonly home: string;
    readonly env: NodeJS.ProcessEnv;
    readonly schemaLocation?: string;
  };
  log: Log;
  clock: Clock;
  isProjectInUse: (file: string) => boolean;
  floor: () => PolicyFloor;
}): ProfileStore {
  const { places, home, env, schemaLocation = './profiles.schema.json' } = options;
  const { userFile, trustFile, gitCache } = places;
  return new ProfileStore({
    userFile,
    trustFile,
    gitCache,
    home,
    uid: process.getuid?.(),
    environment: env,
    clock,
    log,
    schemaLocation,
    checkTarget,
    isProjectInUse,
    floor,
  });
}
