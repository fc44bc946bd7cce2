import { CircleX, TriangleAlert } from 'lucide-react';
import type { ProfileProblem } from '../../../src/contract/profile-snapshot.ts';

export interface ProblemRowProps {
  readonly problem: ProfileProblem;
  /** Of a commit that does not count yet. */
  readonly isPending: boolean;
}

/** One thing wrong in a file, and where, as editors and terminals open it. */
export function ProblemRow({ problem, isPending }: ProblemRowProps) {
  const { file, line, column, at, message, severity } = problem;
  const isError = severity === 'error';
  const Icon = isError ? CircleX : TriangleAlert;
  return (
    <div
      className={`flex gap-3 border-b bg-surface px-4 py-2 ${isPending ? 'border-l-4 border-b-line border-l-waiting' : 'border-line'}`}
    >
      <Icon
        size={14}
        aria-hidden
        className={`mt-[3px] shrink-0 ${isError ? 'text-needs' : 'text-waiting'}`}
      />
      <div className="min-w-0">
        <p className="wrap-anywhere">
          <span className="sr-only">{isError ? 'Error: ' : 'Warning: '}</span>
          {at && <span className="mono mr-2">{at}</span>}
          {message}
        </p>
        <p className="mono select-all text-muted wrap-anywhere">{`${file}:${line}:${column}`}</p>
      </div>
    </div>
  );
}
