import { resolve } from 'node:path';
import { AppError } from '../base/app-error.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { Endpoint } from '../connection-string/endpoint.ts';
import { endpointOf } from '../connection-string/endpoint-of.ts';
import { usesGateway } from '../contract/gateway.ts';
import { withGuessedKind } from '../profile/import/guess-kind.ts';
import type { Cli } from './cli.ts';
import { readProfiles } from './profile-files.ts';
import { passwordInFile } from './profile-password.ts';

/** The endpoint of a profile in a file, without a daemon. Throws SP-PROFILE-UNKNOWN, SP-PROFILE-INVALID, and SP-USAGE without a local port. */
export async function endpointInFile(
  name: string,
  { file, withPassword, cli }: { readonly file: string; readonly withPassword: boolean; readonly cli: Cli },
): Promise<Endpoint> {
  const path = resolve(cli.cwd, file);
  const { content, isOwn } = await readProfiles(path, cli);
  const found = content.profiles.find((candidate) => candidate.name === name);
  if (!found) {
    const [problem] = content.problems.filter(
      ({ at }) => at.startsWith(`profiles.${name}`) || !content.readable,
    );
    if (problem) {
      const message = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
      throw new AppError('SP-PROFILE-INVALID', { profile: name, message });
    }
    const names = content.profiles.map((profile) => profile.name);
    throw new AppError('SP-PROFILE-UNKNOWN', { profile: name, meant: nearestName(name, names) });
  }
  const profile = withGuessedKind(name, found.profile);
  // What the database takes is nothing to log in with at the gateway.
  const isGateway = usesGateway(profile);
  if (isGateway && withPassword)
    cli.stderr.write(
      `note: the password of the tunnel ${name} is known to the daemon alone: leave --file out\n`,
    );
  const source = withPassword && !isGateway ? profile.connection?.password : undefined;
  const password = await passwordInFile(source, { name, isOwn, cli });
  return endpointOf({ name, profile, password, isGateway, home: cli.home });
}
