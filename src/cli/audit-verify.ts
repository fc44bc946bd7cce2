import { verifyAll } from '../audit/verify-all.ts';
import { AppError } from '../base/app-error.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { verdictWords, verifiedSize } from '../client/verdict-words.ts';
import type { VerifiedLog } from '../contract/audit-verdict.ts';
import type { Cli } from './cli.ts';
import { type Colors, colorsFor } from './paint.ts';
import { printJson } from './print-json.ts';

interface VerifyFlags {
  readonly log?: string;
  readonly clusterLog?: string;
  readonly key?: readonly string[];
  readonly json: boolean;
}

/** Throws SP-AUDIT-ABSENT where there is no log. One that is broken or cut sets the exit code. */
export async function printVerdicts({ json, log, clusterLog, key }: VerifyFlags, cli: Cli): Promise<void> {
  const folder = daemonPlaces(cli).auditFolder;
  const logs = await verifyAll({ folder, log, clusterLog, keys: key });
  if (logs.length === 0) {
    const what = log === undefined ? 'nothing is on record' : `there is no log ${log}`;
    throw new AppError('SP-AUDIT-ABSENT', { message: `${what} in ${folder}` });
  }
  if (logs.some(({ verdict: { kind } }) => kind === 'broken' || kind === 'cut'))
    cli.setExitCode(new AppError('SP-AUDIT-BROKEN').exitCode);
  if (json) return printJson(cli, 'audit verify', { logs });
  const colors = colorsFor(cli.stdout, cli);
  for (const each of logs) cli.stdout.write(printed(each, colors));
}

function printed(verified: VerifiedLog, colors: Colors): string {
  const { log, verdict } = verified;
  const paint = { intact: colors.green, unsigned: colors.yellow, cut: colors.red, broken: colors.red };
  const head = `${log}: ${paint[verdict.kind](verdict.kind)} · ${verifiedSize(verdict)}`;
  return `${[head, ...verdictWords(verified)].join('\n  ')}\n`;
}
