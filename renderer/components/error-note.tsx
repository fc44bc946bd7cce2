import type { ReactNode } from 'react';
import { type ErrorData, errorText } from '../../src/contract/error-codes.ts';
import { classNames } from './class-names.ts';

export interface ErrorNoteProps {
  readonly error: ErrorData;
  /** waiting: it recovers by itself. Default: somebody has to do something. */
  readonly tone?: 'needs' | 'waiting';
  /** What can be done here and now: it stands in the place of the next step, which mostly is a command. */
  readonly action?: ReactNode;
}

/** One failure in the words of the one table: what happened, why, what next, and its code to look it up. */
export function ErrorNote({ error, tone = 'needs', action }: ErrorNoteProps) {
  const { headline, why, next } = errorText(error);
  return (
    <div
      role={tone === 'needs' ? 'alert' : 'status'}
      className={classNames(
        'flex flex-col gap-1.5 rounded border border-l-[3px] bg-surface px-3 py-2',
        tone === 'needs' ? 'border-l-needs' : 'border-l-waiting',
      )}
    >
      <p className="font-medium wrap-anywhere">{headline}</p>
      {why && why !== headline && (
        <p className="whitespace-pre-wrap text-muted wrap-anywhere">
          <span className="caption mr-1.5">Why</span>
          {why}
        </p>
      )}
      {next && !action && (
        <p className="wrap-anywhere">
          <span className="caption mr-1.5">Next</span>
          {next}
        </p>
      )}
      <div className="flex items-end justify-between gap-2">
        <div className="flex flex-wrap gap-2">{action}</div>
        <span className="mono text-muted">{error.code}</span>
      </div>
    </div>
  );
}
