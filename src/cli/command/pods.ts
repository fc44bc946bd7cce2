import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { calledAs } from '../../client/called-as.ts';
import { readinessWords } from '../../client/check-words.ts';
import { podWords } from '../../client/tunnel-words.ts';
import type { ResolvedTarget } from '../../contract/control-check.ts';
import { errorText } from '../../contract/error-codes.ts';
import { type AdHocFlags, adHocOf, adHocOptions } from '../ad-hoc.ts';
import type { Cli } from '../cli.ts';
import { colorsFor } from '../paint.ts';
import { printJson } from '../print-json.ts';

export function define(command: Command, cli: Cli): void {
  command
    .description('Shows which pod a profile or a target means now, and why. Starts nothing.')
    .argument('[name]', 'NAME, SOURCE/NAME or ad-hoc/NAME; or a --target');
  adHocOptions(command)
    .option('--json', 'print it as JSON', false)
    .action(async (name: string | undefined, flags: AdHocFlags & { readonly json: boolean }) => {
      const control = await cli.control();
      const resolved = await control.call('pods', whatToLookAt(name, flags, cli));
      const { resolution } = resolved;
      if (resolution.kind === 'none') cli.setExitCode(new AppError(resolution.reason.code).exitCode);
      if (flags.json) return printJson(cli, 'pods', resolved);
      cli.stdout.write(resolvedText(resolved, cli));
    });
}

/** Throws SP-USAGE unless either a name or a target is given. */
export function whatToLookAt(name: string | undefined, flags: AdHocFlags, cli: Cli) {
  const adHoc = adHocOf(flags, cli);
  if ((name === undefined) === (adHoc === undefined)) {
    throw new AppError('SP-USAGE', {
      message: 'name a profile, or a --target with its --port',
      next: `${cli.program} list`,
    });
  }
  return { folder: cli.cwd, ...(adHoc ? { adHoc } : { name: name! }) };
}

export function resolvedText(
  { name, target, port, namespace, context, server, resolution }: ResolvedTarget,
  cli: Cli,
): string {
  const colors = colorsFor(cli.stdout, cli);
  const head = `${name} means ${target} port ${port} in namespace ${namespace} of ${context} (${server})\n`;
  if (resolution.kind === 'none') {
    const { headline, next } = errorText(resolution.reason);
    return `${head}  no pod: ${headline}\n${next ? `  next:  ${calledAs(next, cli.program)}\n` : ''}`;
  }
  const { pod, port: podPort } = resolution;
  const container = pod.container ? ` · container ${pod.container}` : '';
  const restarts = pod.restarts > 0 ? ` · ${pod.restarts} restarts` : '';
  return `${head}  ${colors.bold(podWords(pod))} · port ${podPort}${container}${restarts}\n  ${readinessWords(resolution)}\n`;
}
