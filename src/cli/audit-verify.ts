import { verifyAll } from '../audit/verify-all.ts';
import { AppError } from '../base/app-error.ts';
import { daemonPlaces } from '../base/daemon-places.ts';
import { count } from '../client/tunnel-words.ts';
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
  for (const each of logs) cli.stdout.write(`${verdictWords(each, colors).join('\n  ')}\n`);
}

function verdictWords(
  { log, verdict, trusted, unkeptKeys, heldAgainst }: VerifiedLog,
  colors: Colors,
): string[] {
  const { kind, lines, files, keys } = verdict;
  const paint = { intact: colors.green, unsigned: colors.yellow, cut: colors.red, broken: colors.red }[kind];
  const signers = keys.map((key) => {
    const isUnkept = unkeptKeys.includes(key);
    return `signed by ${key}${isUnkept ? ', which no keychain kept: it lasted for one run' : ''}`;
  });
  return [
    `${log}: ${paint(kind)} · ${count(lines, 'line')} in ${count(files, 'file')}`,
    ...faultWords(verdict),
    ...conditionWords(verdict),
    ...signers,
    ...(keys.length > 0 ? [trustWords[trusted]] : []),
    heldAgainst.length > 0 ? heldWords(heldAgainst) : 'nobody else here knows where it stood',
  ];
}

function faultWords(verdict: VerifiedLog['verdict']): string[] {
  switch (verdict.kind) {
    case 'intact':
      return [];
    case 'unsigned':
      return ['nothing signs any line: anybody may have written them'];
    case 'cut':
      return [
        `it ends before line ${verdict.known.seq}, which ${verdict.known.from} knows: a crash cannot do that`,
      ];
    case 'broken':
      return [`${verdict.file} line ${verdict.line}: ${verdict.fault}, ${verdict.why}`];
  }
}

function conditionWords({
  unsignedLines,
  droppedTo,
  tailsCut,
  lostEvents,
  torn,
}: VerifiedLog['verdict']): string[] {
  return [
    unsignedLines > 0 && `the last ${count(unsignedLines, 'line')} not signed yet`,
    droppedTo && `lines up to ${droppedTo.seq} were dropped by retention, as a signed line says`,
    tailsCut > 0 && `its end was found damaged ${count(tailsCut, 'time')}, as a crash leaves it`,
    lostEvents > 0 && `${count(lostEvents, 'event')} could not be written and are lost`,
    torn && `its last line is torn (${torn.bytes} bytes): a crash, or it is being written`,
  ].filter((words) => typeof words === 'string');
}

/** Of a cluster there may be thousands. */
function heldWords(heldAgainst: readonly string[]): string {
  const shown = heldAgainst.slice(0, 3).join('; ');
  return `held against ${shown}${heldAgainst.length > 3 ? ` and ${heldAgainst.length - 3} more` : ''}`;
}

const trustWords: Record<VerifiedLog['trusted'], string> = {
  given: 'these are among the keys that you named',
  known: 'this machine remembers to have used these keys; compare them with what you noted elsewhere',
  first: 'which keys are yours is not known here: the first one was taken, compare it with what you noted',
};
