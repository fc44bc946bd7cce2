import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { AppError } from '../../src/base/app-error.ts';
import { errorText } from '../../src/contract/error-codes.ts';
import { useAppState, useCopied } from '../state/app-state.ts';
import { Button } from './button.tsx';

export interface CopyTextProps {
  /** What it is of: a tunnel, mostly. */
  readonly of: string;
  /** Which of its texts: so its button knows that it was this one. */
  readonly what: string;
  readonly label: string;
  readonly text: () => string;
  readonly disabled?: boolean;
}

/** Copies a text, and says so for two seconds in the place where it was clicked. */
export function CopyText({ of, what, label, text, disabled = false }: CopyTextProps) {
  const { copies } = useAppState();
  const copied = useCopied();
  const [problem, setProblem] = useState('');
  const isCopied = copied?.of === of && copied.what === what;
  const copy = () =>
    copies.copy({ of, what }, text()).then(
      () => setProblem(''),
      (thrown) => setProblem(errorText(AppError.from(thrown).toData()).headline),
    );
  return (
    <span className="flex items-center gap-2">
      {problem && (
        <span role="alert" className="text-sm text-needs">
          {problem}
        </span>
      )}
      <Button icon={isCopied ? Check : Copy} disabled={disabled} onClick={() => void copy()}>
        <span aria-live="polite">{isCopied ? 'Copied' : label}</span>
      </Button>
    </span>
  );
}
