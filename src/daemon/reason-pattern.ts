import { runInNewContext } from 'node:vm';
import { AppError } from '../base/app-error.ts';
import type { Profile } from '../contract/profile.ts';

/** A pattern that takes longer than this over one reason is one that never ends. */
const limitMs = 100;

/** Throws SP-REASON-MISMATCH where the policy's pattern does not match. The pattern comes with a shared profile: it may be malign. */
export function checkReason(policy: Profile['policy'], reason: string): void {
  const wanted = policy?.reason;
  if (typeof wanted !== 'object') return;
  const { pattern, example } = wanted;
  let matches = false;
  try {
    matches = runInNewContext(
      'new RegExp(pattern, "u").test(reason)',
      { pattern, reason },
      { timeout: limitMs },
    );
  } catch {
    // Too slow, which no reason can match.
  }
  if (!matches) throw new AppError('SP-REASON-MISMATCH', { pattern, example });
}
