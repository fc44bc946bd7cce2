import type { Question } from '../../../src/contract/control-question.ts';
import type { TunnelEntity } from '../../../src/contract/control-tunnel.ts';

export type PrimaryAction =
  | { readonly kind: 'up' | 'resume' | 'copy' | 'show'; readonly label: string }
  /** What it asks can be answered here. */
  | { readonly kind: 'answer'; readonly label: string };

/** What leads to a question. */
export const answerLabel: Record<Question['kind'], string> = {
  confirm: 'Confirm…',
  reason: 'Give a reason…',
  trust: 'Review…',
  login: 'Log in…',
  password: 'Enter password…',
  passphrase: 'Unlock…',
};

/** The one thing that a row offers, by its state. `asked`: the first question that the tunnel waits for. */
export function primaryAction(
  { shown }: Pick<TunnelEntity, 'shown'>,
  asked: Question | undefined,
): PrimaryAction {
  switch (shown) {
    case 'off':
      return { kind: 'up', label: 'Connect' };
    case 'paused':
      return { kind: 'resume', label: 'Resume' };
    case 'ready':
      return { kind: 'copy', label: 'Copy' };
    case 'connecting':
    case 'waiting':
      return { kind: 'show', label: 'Show why' };
    case 'needs you':
      return asked
        ? { kind: 'answer', label: answerLabel[asked.kind] }
        : { kind: 'show', label: 'What to do' };
  }
}
