import { runInNewContext } from 'node:vm';
import { AppError } from '../base/app-error.ts';
import type { Profile } from '../contract/profile.ts';
import { patternsOf } from '../profile/tightest-policy.ts';

/** A pattern that takes longer than this over one reason is one that never ends. */
const limitMs = 100;

/** Throws SP-REASON-MISMATCH where a pattern of the policy does not match. A pattern may come with a shared profile: it may be malign. */
export function checkReason(policy: Profile['policy'], reason: string): void {
  const wanted = policy?.reason;
  const example = typeof wanted === 'object' ? wanted.example : undefined;
  for (const pattern of patternsOf(wanted)) {
    if (!matches(pattern, reason)) throw new AppError('SP-REASON-MISMATCH', { pattern, example });
  }
}

function matches(pattern: string, reason: string): boolean {
  try {
    return runInNewContext(
      'new RegExp(pattern, "u").test(reason)',
      { pattern, reason },
      { timeout: limitMs },
    );
  } catch {
    // Too slow, which no reason can match.
    return false;
  }
}
