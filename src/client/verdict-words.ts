/** What is said of a log that was verified, by the command line and the window alike. */
import type { VerifiedLog } from '../contract/audit-verdict.ts';
import { count } from './tunnel-words.ts';

/** 1203 lines in 2 files */
export function verifiedSize({ lines, files }: VerifiedLog['verdict']): string {
  return `${count(lines, 'line')} in ${count(files, 'file')}`;
}

/** What is wrong first, then what is to be known of it, who signed it and who else knows it: a sentence each. */
export function verdictWords({ verdict, trusted, unkeptKeys, heldAgainst }: VerifiedLog): string[] {
  const { keys } = verdict;
  const signers = keys.map((key) => {
    const isUnkept = unkeptKeys.includes(key);
    return `signed by ${key}${isUnkept ? ', which no keychain kept: it lasted for one run' : ''}`;
  });
  return [
    ...faultWords(verdict),
    ...conditionWords(verdict),
    ...signers,
    ...(keys.length > 0 ? [trustWords[trusted]] : []),
    heldAgainst.length > 0 ? heldWords(heldAgainst) : 'nobody else here knows where it stood',
  ];
}

/** Why it is not what was written; empty where it is. */
export function faultWords(verdict: VerifiedLog['verdict']): string[] {
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
