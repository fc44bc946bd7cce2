import { plain } from '../src/base/plain.ts';
import type { ErrorData } from '../src/contract/error-codes.ts';

export interface PageLimitQuestion {
  readonly message: string;
  readonly detail: string;
}

/** Longer ones no dialog shows whole; who wants them writes the file by hand. */
const maxShown = 1_000;

/**
 * What to ask before something is written, or opened, that a page may not by itself; undefined where it cannot be shown whole. What it says
 * comes from the page, so signs that hide or turn around text are written as their codes. Pure.
 */
export function pageLimitQuestion({ details }: ErrorData): PageLimitQuestion | undefined {
  const { profile, value } = details;
  if (typeof value !== 'string' || value.length > maxShown) return undefined;
  const lines = value.split('\n').map(plain).join('\n');
  return {
    message:
      typeof profile === 'string'
        ? `Write this into the profile ${plain(profile)}?`
        : 'Open a tunnel with this?',
    detail: `${lines}\n\nIt reaches beyond your tunnels: programs run and files are read as you, or others reach the port. Say yes only to what you have just entered.`,
  };
}
