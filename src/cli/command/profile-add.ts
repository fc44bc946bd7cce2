import type { Command } from 'commander';
import type { Profile } from '../../contract/profile.ts';
import type { Cli } from '../cli.ts';
import { editFile, fileToEdit, printEdited, tellDaemon } from '../edited-profile.ts';
import {
  clusterOf,
  currentContext,
  localOf,
  type ProfileFlags,
  profileOptions,
  readPorts,
  withFlags,
} from '../profile-flags.ts';
import { addressOf, warnIfOpen } from '../profile-words.ts';

interface AddFlags extends ProfileFlags {
  readonly project: boolean;
  readonly json: boolean;
}

const examples = `
Examples:
  sallyport profile add orders-db sts/postgres/0 15432:5432 -n data --database orders --user app
  sallyport profile add cache svc/redis 6379 -n shop --context staging
  sallyport profile add api svc/api :http --project --server https://api.prod.example.com:6443`;

export function define(command: Command, cli: Cli): void {
  command
    .description('Adds a profile. Comments and order of the file stay as they are.')
    .argument('<profile>', 'its name')
    .argument('<target>', 'service/NAME, statefulset/NAME[/ORDINAL], deployment/NAME, pod/NAME or a selector')
    .argument('<port>', '[LOCAL:]REMOTE; without LOCAL a free local port is taken once and kept');
  profileOptions(command)
    .option('--project', "to the project's sallyport.yaml instead of your own file", false)
    .option('--json', 'print what was done as JSON', false)
    .addHelpText('after', examples)
    .action(async (name: string, target: string, ports: string, flags: AddFlags) => {
      const [{ openProfiles }, { withGuessedKind }] = await Promise.all([
        import('../profile-files.ts'),
        import('../../profile/import/guess-kind.ts'),
      ]);
      const { local, port } = await readPorts(ports);
      const context = await contextFor(flags, cli);
      const base: Profile = {
        cluster: context.cluster,
        namespace: context.namespace,
        target,
        port,
        ...(local !== undefined && { local: localOf(local, flags.address) }),
      };
      const profile = withFlags(withGuessedKind(name, base), flags);
      const file = await fileToEdit(flags.project, cli);
      await using store = await openProfiles(cli);
      await editFile(store, { kind: 'add', name, profile }, file);
      await tellDaemon(cli);
      warnIfOpen(name, [addressOf(profile)], cli);
      printEdited('profile add', { file, profile: name, change: 'added' }, { json: flags.json, cli });
    });
}

/** The kubeconfig is looked into only for what is not said. */
async function contextFor(flags: ProfileFlags, cli: Cli): Promise<Pick<Profile, 'cluster' | 'namespace'>> {
  const cluster = clusterOf(flags);
  const { namespace } = flags;
  if (cluster && namespace !== undefined) return { cluster, namespace };
  if (cluster && !cluster.context) return { cluster, namespace: namespace ?? 'default' };
  const found = await currentContext(cli, cluster?.context);
  return { cluster: cluster ?? { context: found.context }, namespace: namespace ?? found.namespace };
}
