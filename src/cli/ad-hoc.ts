import { delimiter, resolve } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../base/app-error.ts';
import { absoluteKubeconfig } from '../base/kubeconfig-list.ts';
import type { AdHoc } from '../contract/control-tunnel.ts';
import type { ProfileKind } from '../contract/profile.ts';
import { guessKind } from '../profile/import/guess-kind.ts';
import type { Cli } from './cli.ts';
import type { ConnectionFlags } from './profile-flags.ts';

export interface AdHocFlags {
  readonly target?: string;
  readonly port?: string;
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

/** A target that no profile describes. */
export function adHocOptions(command: Command): Command {
  return command
    .option('-t, --target <target>', 'a target without a profile: service/NAME, statefulset/NAME/0, …')
    .option('-p, --port <port>', 'its port, by number or name')
    .option('-n, --namespace <name>', 'its namespace, else that of the context')
    .option('--context <name>', 'its context of the kubeconfig, else the current one')
    .option(
      '--kubeconfig <file>',
      'the kubeconfig to use for it, else the one file of KUBECONFIG, else those of the daemon',
    );
}

/** Undefined where no target is named. Throws SP-USAGE for half of one. */
export function adHocOf(
  flags: AdHocFlags,
  cli: Cli,
  more: {
    readonly name?: string | undefined;
    readonly local?: number | undefined;
    readonly kind?: ProfileKind | undefined;
    readonly connection?: ConnectionFlags;
  } = {},
): AdHoc | undefined {
  const { target, port, namespace, context, kubeconfig } = flags;
  const { name = target && nameOf(target), local, connection = {} } = more;
  const hints = Object.keys(connection);
  if (target === undefined) {
    const options = {
      port,
      namespace,
      context,
      kubeconfig,
      as: more.name,
      local,
      kind: more.kind,
      ...connection,
    };
    const [stray] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
    if (stray === undefined) return undefined;
    throw new AppError('SP-USAGE', {
      message: `--${stray} belongs to a --target: what has a profile is described by that`,
    });
  }
  if (port === undefined) throw new AppError('SP-USAGE', { message: '--target needs a --port' });
  const remote = remotePort(port);
  const file = kubeconfig === undefined ? fileOfShell(cli) : resolve(cli.cwd, kubeconfig);
  const kind = more.kind ?? guessKind({ port: remote, words: [target] });
  return {
    name: name!,
    target,
    port: remote,
    ...(namespace !== undefined && { namespace }),
    ...(context !== undefined && { context }),
    ...(file !== undefined && { kubeconfig: file }),
    ...(local !== undefined && { local }),
    ...(kind !== undefined && { kind }),
    ...(hints.length > 0 && { connection }),
  };
}

export function remotePort(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/**
 * A target without a profile is one of the cluster that the shell is at, also where the daemon was started by another. Several files have no
 * one name, and are those of the daemon.
 */
function fileOfShell({ env, cwd }: Cli): string | undefined {
  const files = absoluteKubeconfig(env.KUBECONFIG, cwd);
  return files?.includes(delimiter) ? undefined : files;
}

/** postgres-0 of statefulset/postgres/0. */
function nameOf(target: string): string {
  const words = target.slice(target.indexOf('/') + 1).toLowerCase();
  return (
    words
      .replaceAll(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z]+/, '')
      .slice(0, 63) || 'target'
  );
}
