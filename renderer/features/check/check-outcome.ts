import { ruleWords } from '../../../src/client/check-words.ts';
import { podWords } from '../../../src/client/tunnel-words.ts';
import type { Check } from '../../../src/contract/control-check.ts';
import { errorText } from '../../../src/contract/error-codes.ts';
import type { CheckFound } from '../../state/checks.ts';

/**
 * good: a pod and all rights. degraded: something is done without, at a price. absent: no pod now, which the cluster may mend.
 * bad: rights are missing, or it could not be asked.
 */
export type Outcome = 'good' | 'degraded' | 'absent' | 'bad';

export interface OutcomeInWords {
  readonly outcome: Outcome;
  /** Of what counts most. */
  readonly words: string;
}

/** What a preflight found, in a line. Rights come first: without them a pod is no use. */
export function outcomeOf(found: CheckFound): OutcomeInWords {
  if (found.kind === 'failed') return { outcome: 'bad', words: errorText(found.error).headline };
  const { resolved, access } = found.check;
  if (access.missing.length > 0) return { outcome: 'bad', words: `may not ${rules(access.missing)}` };
  const { resolution } = resolved;
  if (resolution.kind === 'none')
    return { outcome: 'absent', words: `no pod: ${errorText(resolution.reason).headline}` };
  const pod = podWords(resolution.pod);
  if (access.degraded.length > 0)
    return { outcome: 'degraded', words: `${pod} · done without ${rules(access.degraded)}` };
  return { outcome: 'good', words: pod };
}

/** Whether somebody or the cluster has to do something before it works. */
export function isTrouble(found: CheckFound | undefined): boolean {
  const outcome = found && outcomeOf(found).outcome;
  return outcome === 'bad' || outcome === 'absent';
}

function rules(access: Check['access']['missing']): string {
  const [first, ...others] = access.map(ruleWords);
  return `${first}${others.length > 0 ? ` and ${others.length} more` : ''}`;
}
