import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { AppError } from '../../src/base/app-error.ts';
import { errorText } from '../../src/contract/error-codes.ts';
import { useAppState, useCopied } from '../state/app-state.ts';
import { Button } from './button.tsx';

export interface CopyTextProps {
  /** Of this text alone, so that no other button says that it was copied. */
  readonly id: string;
  readonly label: string;
  readonly text: () => string;
  readonly disabled?: boolean;
}

/** Copies a text, and says so for two seconds in the place where it was clicked. */
export function CopyText({ id, label, text, disabled = false }: CopyTextProps) {
  const { copies } = useAppState();
  const copied = useCopied();
  const [problem, setProblem] = useState('');
  const isCopied = copied?.of === id;
  const copy = () =>
    copies.copy({ of: id, what: 'text' }, text()).then(
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
