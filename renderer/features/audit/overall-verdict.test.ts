import { expect, it } from 'vitest';
import type { AuditVerdict, VerifiedLog } from '../../../src/contract/audit-verdict.ts';
import { overallVerdict, verdictSummary } from './overall-verdict.ts';

const found = {
  files: 1,
  lines: 10,
  head: { seq: 10, hash: 'a' },
  unsignedLines: 0,
  keys: [],
  tailsCut: 0,
  lostEvents: 0,
};

function verified(log: string, verdict: Partial<AuditVerdict> & Pick<AuditVerdict, 'kind'>): VerifiedLog {
  return {
    log,
    verdict: { ...found, ...verdict } as AuditVerdict,
    trusted: 'known',
    unkeptKeys: [],
    heldAgainst: [],
  };
}

const intact = verified('daemon', { kind: 'intact' });
const broken = verified('forward-1', {
  kind: 'broken',
  file: '2026-11-21.1.jsonl',
  line: 4,
  fault: 'changed',
  why: 'it is not what was written',
});

it('is as good as the worst log', () => {
  expect(overallVerdict([])).toBeUndefined();
  expect(overallVerdict([intact])).toBe('intact');
  expect(overallVerdict([intact, verified('forward-2', { kind: 'unsigned' })])).toBe('unsigned');
  expect(overallVerdict([verified('forward-2', { kind: 'unsigned' }), broken, intact])).toBe('broken');
});

it('says in a sentence that all is intact, and what nothing signs yet', () => {
  expect(verdictSummary([])).toBe('Nothing is on record yet.');
  expect(verdictSummary([intact])).toBe('The log is intact: 10 lines.');
  expect(verdictSummary([intact, verified('forward-1', { kind: 'intact', unsignedLines: 2 })])).toBe(
    'All 2 logs are intact: 20 lines, the last 2 not signed yet.',
  );
});

it('names the log, the file and the line that is bad', () => {
  expect(verdictSummary([intact, broken])).toBe(
    'forward-1 is broken: 2026-11-21.1.jsonl line 4: changed, it is not what was written.',
  );
  const cut = verified('daemon', { kind: 'cut', known: { seq: 12, hash: 'b', from: 'the receiver siem' } });
  expect(verdictSummary([cut])).toBe(
    'daemon is cut: it ends before line 12, which the receiver siem knows: a crash cannot do that.',
  );
});
