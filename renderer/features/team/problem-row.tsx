import { CircleX, TriangleAlert } from 'lucide-react';
import type { ProfileProblem } from '../../../src/contract/profile-snapshot.ts';
import { buttonClass } from '../../components/button.tsx';
import { routeHash } from '../../state/route.ts';

export interface ProblemRowProps {
  readonly problem: ProfileProblem;
  /** Of a commit that does not count yet. */
  readonly isPending: boolean;
  /** The profile that can be opened here to mend it. */
  readonly mends?: string | undefined;
}

/** One thing wrong in a file, and where, as editors and terminals open it. */
export function ProblemRow({ problem, isPending, mends }: ProblemRowProps) {
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
      <div className="min-w-0 flex-1">
        <p className="wrap-anywhere">
          <span className="sr-only">{isError ? 'Error: ' : 'Warning: '}</span>
          {/* Most say it themselves. */}
          {at && !message.startsWith(at) && <span className="mono mr-2">{at}</span>}
          {message}
        </p>
        <p className="mono select-all text-muted wrap-anywhere">{`${file}:${line}:${column}`}</p>
      </div>
      {mends && (
        <a
          className={buttonClass('plain', 'shrink-0 self-center')}
          aria-label={`Mend ${mends}`}
          href={routeHash({ view: 'edit', chosen: mends })}
        >
          Mend it
        </a>
      )}
    </div>
  );
}
