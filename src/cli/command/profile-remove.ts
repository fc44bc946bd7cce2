import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import type { Cli } from '../cli.ts';
import { editFile, printEdited, takeDown, tellDaemon } from '../edited-profile.ts';
import { findListed } from '../listed-profile.ts';
import { openProfiles } from '../profile-files.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description(
      'Removes a profile from your own file or from the project, and from its groups. Its tunnel goes down.',
    )
    .argument('<name>', 'NAME or SOURCE/NAME')
    .option('--json', 'print what was done as JSON', false)
    .action(async (name: string, { json }: { readonly json: boolean }) => {
      await using store = await openProfiles(cli);
      await store.addProject(cli.cwd);
      const { id, name: bare, sourceKind, file } = await findListed(await store.load(), name, cli);
      if (sourceKind !== 'user' && sourceKind !== 'project') {
        throw new AppError('SP-PROFILE-EDIT', {
          file: id,
          message: `it is shared with you; \`${cli.program} profile edit ${id} --off\` keeps it from starting here`,
        });
      }
      const ended = await takeDown((tunnel) => tunnel.id === id, cli);
      await editFile(store, { kind: 'remove', name: bare }, file);
      await tellDaemon(cli);
      printEdited('profile remove', { file, profile: id, change: 'removed', ended }, { json, cli });
    });
}
