import { AppError } from '../base/app-error.ts';
import type { ListedProfile } from '../contract/profile-snapshot.ts';
import { changeLines } from './answer-question.ts';
import type { Cli } from './cli.ts';
import { fetchProfiles, findListed } from './listed-profile.ts';

/**
 * Shows a profile of others' as it is, or what has changed in it, and asks whether it may start. `yes`: agreed beforehand. Throws
 * SP-PROFILE-UNTRUSTED where nobody can be asked, and SP-PROFILE-STALE when it changes meanwhile.
 */
export async function agreeTo(
  name: string,
  cli: Cli,
  { yes = false } = {},
): Promise<'agreed' | 'refused' | 'not needed'> {
  const control = await cli.control();
  const listed = await findListed(await fetchProfiles(control, cli), name, cli);
  const { id, trust, hash } = listed;
  if (trust.kind === 'own' || trust.kind === 'trusted') return 'not needed';
  cli.stderr.write(await shown(listed));
  if (!yes) {
    if (!cli.asker) {
      throw new AppError('SP-PROFILE-UNTRUSTED', {
        profile: name,
        changed: trust.kind === 'changed',
        next: `${cli.program} profile trust ${name} --yes agrees to it as it is shown here`,
      });
    }
    if (!(await cli.asker.confirm(`Agree to ${name}, so that it may start?`))) return 'refused';
  }
  await control.call('trust', { profile: id, folder: cli.cwd, hash });
  return 'agreed';
}

async function shown({ id, file, line, trust, written }: ListedProfile): Promise<string> {
  if (trust.kind === 'changed') return `${id} (${file}:${line}) has changed:\n${changeLines(trust.changes)}`;
  const { stringify } = await import('yaml');
  return `${id} (${file}:${line}):\n${stringify(written).replaceAll(/^/gm, '  ').trimEnd()}\n`;
}
