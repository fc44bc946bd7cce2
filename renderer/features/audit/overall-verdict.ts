import { plain } from '../../../src/client/audit-words.ts';
import { count } from '../../../src/client/tunnel-words.ts';
import { faultWords } from '../../../src/client/verdict-words.ts';
import type { AuditVerdict, VerifiedLog } from '../../../src/contract/audit-verdict.ts';

/** Worst first. */
const order = ['broken', 'cut', 'unsigned', 'intact'] as const;

/** The worst of them; undefined where there is none. */
export function overallVerdict(logs: readonly VerifiedLog[]): AuditVerdict['kind'] | undefined {
  return order.find((kind) => logs.some(({ verdict }) => verdict.kind === kind));
}

/** One sentence: all is intact, or what is wrong with the first log that is worst. */
export function verdictSummary(logs: readonly VerifiedLog[]): string {
  const worst = overallVerdict(logs);
  if (worst === undefined) return 'Nothing is on record yet.';
  if (worst === 'intact') {
    const lines = logs.reduce((sum, { verdict }) => sum + verdict.lines, 0);
    const unsigned = logs.reduce((sum, { verdict }) => sum + verdict.unsignedLines, 0);
    const logsWords = logs.length === 1 ? 'The log is' : `All ${logs.length} logs are`;
    const rest = unsigned > 0 ? `, the last ${unsigned} not signed yet` : '';
    return `${logsWords} intact: ${count(lines, 'line')}${rest}.`;
  }
  const bad = logs.filter(({ verdict }) => verdict.kind === worst);
  const others = bad.length > 1 ? `, and ${bad.length - 1} more` : '';
  const [{ log, verdict }] = bad as [VerifiedLog];
  return `${log} is ${worst}${others}: ${plain(faultWords(verdict).join('; '))}.`;
}
