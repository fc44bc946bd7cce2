import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { AppError } from '../../src/base/app-error.ts';
import { errorText } from '../../src/contract/error-codes.ts';
import { useAppState, useCopied } from '../state/app-state.ts';
import type { Copied } from '../state/copies.ts';
import { Button } from './button.tsx';

export interface CopyTextButtonProps {
  readonly copied: Copied;
  /** What it copies: "Copy the line". */
  readonly label: string;
  /** A function where it is long to make. */
  readonly text: string | (() => string);
  readonly disabled?: boolean;
}

/** Copies what stands beside it, and says for two seconds that it did, or why it could not. */
export function CopyTextButton({ copied, label, text, disabled = false }: CopyTextButtonProps) {
  const { copies } = useAppState();
  const last = useCopied();
  const [problem, setProblem] = useState('');
  const isCopied = last?.of === copied.of && last.what === copied.what;
  const copy = () =>
    copies.copy(copied, typeof text === 'string' ? text : text()).then(
      () => setProblem(''),
      (thrown) => setProblem(errorText(AppError.from(thrown).toData()).headline),
    );
  return (
    <span className="flex shrink-0 items-center gap-2">
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
