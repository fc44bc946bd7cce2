import { AppError } from '../base/app-error.ts';
import type { Control } from '../client/control.ts';
import type { TunnelEntity } from '../contract/control-tunnel.ts';
import type { ListedProfile, ProfileSnapshot } from '../contract/profile-snapshot.ts';
import { findProfile } from '../profile/find-profile.ts';
import { findProjectFile } from '../profile/find-project-file.ts';
import type { Cli } from './cli.ts';

/** All profiles as the daemon has them, those of the project around the working directory included. */
export async function fetchProfiles(control: Control, cli: Cli): Promise<ProfileSnapshot> {
  return control.call('profiles', { folder: cli.cwd });
}

/** The profile that a name means here. Throws SP-PROFILE-UNKNOWN, and SP-PROFILE-INVALID where it has errors. */
export async function findListed(snapshot: ProfileSnapshot, name: string, cli: Cli): Promise<ListedProfile> {
  const { file } = await findProjectFile({ from: cli.cwd, home: cli.home, uid: cli.uid });
  const found = findProfile(snapshot, name, file);
  switch (found.kind) {
    case 'found':
      return found.profile;
    case 'refused': {
      const [problem] = found.problems;
      const message = problem && `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
      throw new AppError('SP-PROFILE-INVALID', { profile: found.id, message });
    }
    case 'unknown':
      throw new AppError('SP-PROFILE-UNKNOWN', { profile: name, meant: found.meant });
  }
}

/** The profile that a tunnel came from; undefined for one without. */
export function profileOf(tunnel: TunnelEntity, { profiles }: ProfileSnapshot): ListedProfile | undefined {
  return profiles.find(({ id }) => id === tunnel.id);
}
