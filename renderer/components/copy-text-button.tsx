import { Check, Copy } from 'lucide-react';
import { useAppState, useCopied } from '../state/app-state.ts';
import type { Copied } from '../state/copies.ts';
import { Button } from './button.tsx';

export interface CopyTextButtonProps {
  readonly copied: Copied;
  /** What it copies: "Copy the line". */
  readonly label: string;
  readonly text: string;
}

/** Copies what stands beside it, and says so for two seconds. */
export function CopyTextButton({ copied, label, text }: CopyTextButtonProps) {
  const { copies } = useAppState();
  const last = useCopied();
  const isCopied = last?.of === copied.of && last.what === copied.what;
  // What the browser lets nobody copy can still be selected.
  const copy = () => void copies.copy(copied, text).catch(() => {});
  return (
    <Button icon={isCopied ? Check : Copy} onClick={copy}>
      <span aria-live="polite">{isCopied ? 'Copied' : label}</span>
    </Button>
  );
}
