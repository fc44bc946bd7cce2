import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { agreeTo } from '../agree.ts';
import type { Cli } from '../cli.ts';
import { fetchProfiles, findListed } from '../listed-profile.ts';
import { printJson } from '../print-json.ts';

interface TrustFlags {
  readonly yes: boolean;
  readonly withdraw: boolean;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Shows a profile that comes from a project, a folder or a repository, or what has changed in it, and asks whether it may start. It is asked ' +
        'again when it changes.',
    )
    .argument('<name>', 'NAME or SOURCE/NAME')
    .option('-y, --yes', 'agree without being asked', false)
    .option('--withdraw', 'take an agreement back', false)
    .option('--json', 'print how it stands now as JSON', false)
    .action(async (name: string, { yes, withdraw, json }: TrustFlags) => {
      const control = await cli.control();
      const result = withdraw ? 'withdrawn' : await agreeTo(name, cli, { yes });
      const { id } = await findListed(await fetchProfiles(control, cli), name, cli);
      if (withdraw) await control.call('trust', { profile: id, folder: cli.cwd });
      const { trust } = await findListed(await fetchProfiles(control, cli), id, cli);
      if (result === 'refused') cli.setExitCode(new AppError('SP-PROFILE-UNTRUSTED').exitCode);
      if (json) return printJson(cli, 'profile trust', { profile: id, trust });
      const words = {
        agreed: `${id} may start: ${cli.program} up ${name}`,
        refused: `${id} does not start until you agree to it`,
        'not needed': trust.kind === 'own' ? `${id} is your own` : `You have agreed to ${id} as it is`,
        withdrawn: `${id} does not start any more`,
      };
      cli.stdout.write(`${words[result]}\n`);
    });
}
