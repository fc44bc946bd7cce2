import { Hint } from './hint.tsx';

export interface MiddleTruncateProps {
  readonly text: string;
  /** How much of the end stays in any case, characters. What tells names of a series apart stands there. */
  readonly keepEnd?: number;
  /** False where no pointer reaches it, and the whole stands elsewhere: in a long list each costs. Default: true. */
  readonly hasHint?: boolean;
  readonly className?: string;
}

/** A name on one line that loses its middle where it is too long, with the whole in a tooltip. Cut by the layout alone: nothing is measured. */
export function MiddleTruncate({ text, keepEnd = 10, hasHint = true, className = '' }: MiddleTruncateProps) {
  if (text.length <= keepEnd + 4) return <span className={`block truncate ${className}`}>{text}</span>;
  const cut = (
    <span className={`flex min-w-0 ${className}`}>
      <span className="truncate whitespace-pre">{text.slice(0, -keepEnd)}</span>
      <span className="shrink-0 whitespace-pre">{text.slice(-keepEnd)}</span>
    </span>
  );
  return hasHint ? <Hint text={text}>{cut}</Hint> : cut;
}
