import type { Command } from 'commander';
import { AppError } from '../../base/app-error.ts';
import { plain } from '../../base/plain.ts';
import { auditPolicyRule } from '../../client/audit-policy.ts';
import { calledAs } from '../../client/called-as.ts';
import { ruleWords, whoWords } from '../../client/check-words.ts';
import type { Check } from '../../contract/control-check.ts';
import { errorText } from '../../contract/error-codes.ts';
import { type AdHocFlags, adHocOptions } from '../ad-hoc.ts';
import type { Cli } from '../cli.ts';
import { colorsFor } from '../paint.ts';
import { printJson } from '../print-json.ts';
import { resolvedText, whatToLookAt } from './pods.ts';

interface CheckFlags extends AdHocFlags {
  readonly rbac: boolean;
  readonly json: boolean;
}

export function define(command: Command, cli: Cli): void {
  command
    .description(
      "Checks what a tunnel needs of the cluster: its pod, the user's rights, and what is missing.",
    )
    .argument('[name]', 'NAME, SOURCE/NAME or ad-hoc/NAME; or a --target')
    .option(
      '--rbac',
      "print the least Role for it, and an audit rule for the cluster's owner, as YAML",
      false,
    );
  adHocOptions(command)
    .option('--json', 'print it as JSON', false)
    .action(async (name: string | undefined, flags: CheckFlags) => {
      const control = await cli.control();
      const check = await control.call('check', whatToLookAt(name, flags, cli));
      const auditPolicy = auditPolicyRule(check.access.namespace);
      if (check.access.missing.length > 0) cli.setExitCode(new AppError('SP-FORBIDDEN').exitCode);
      if (flags.json) return printJson(cli, 'check', { ...check, auditPolicy });
      cli.stdout.write(
        flags.rbac ? `${check.leastRole.trimEnd()}\n${commented(auditPolicy)}` : checkText(check, cli),
      );
    });
}

function checkText({ resolved, access, credential }: Check, cli: Cli): string {
  const colors = colorsFor(cli.stdout, cli);
  const { allowed, missing, degraded, next } = access;
  const rows = [
    ...allowed.map((each) => `  ${colors.green('✓')} may ${ruleWords(each)}\n`),
    ...degraded.map((each) => `  ${colors.yellow('◔')} may not ${ruleWords(each)}: done without\n`),
    ...missing.map((each) => `  ${colors.red('✗')} may not ${ruleWords(each)}\n`),
  ];
  const last = missing.length > 0 ? 'the Role to ask for: add --rbac' : '';
  const advice = [calledAs(next, cli.program), last]
    .filter((text) => text !== '')
    .map((text) => `  next:  ${text}\n`);
  return [
    resolvedText(resolved, cli),
    `${whoWords(access)} in namespace ${access.namespace}\n`,
    ...rows,
    credentialText(credential, cli),
    ...advice,
  ].join('');
}

function credentialText(credential: Check['credential'], cli: Cli): string {
  const colors = colorsFor(cli.stdout, cli);
  if (!credential) return '';
  if (credential.kind === 'none') {
    const { headline, next } = errorText(credential.error);
    return `  ${colors.red('✗')} ${headline}\n${next ? `    ${calledAs(next, cli.program)}\n` : ''}`;
  }
  const { layout, secret, key, superuser, why } = credential;
  const found = `${plain(`password: Secret ${secret}, key ${key} (${layout}: ${why})`)}\n`;
  if (!superuser) return `  ${colors.green('✓')} ${found}`;
  const warning = "a superuser: name the application's own role, or forbid it by policy.superuser";
  return `  ${colors.yellow('◔')} ${found}    ${warning}\n`;
}

/** One document to apply, with what is for somebody else in comments. */
function commented(yaml: string): string {
  const intro =
    "# For the API server's audit policy (--audit-policy-file), so that the cluster records who forwards:";
  return `${intro}\n${yaml.trimEnd().replaceAll(/^/gm, '#   ')}\n`;
}
