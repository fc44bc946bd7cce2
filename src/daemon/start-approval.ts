import type { Clock } from '../base/clock.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { ApprovalWish, Approve } from './approval-command.ts';
import type { Shut } from './gated-upstream.ts';

export interface StartApprovalOptions {
  readonly clock: Clock;
  readonly approve: Approve;
  readonly wish: () => ApprovalWish;
  /** An answer has come: it is worth looking again. */
  readonly answered: () => void;
  readonly refused: (error: ErrorData) => void;
}

type State =
  | { readonly kind: 'asking'; readonly sinceMs: number; readonly abort: AbortController }
  | { readonly kind: 'approved'; readonly by: string | undefined }
  | { readonly kind: 'refused'; readonly error: ErrorData; readonly sinceMs: number };

/** A run's approval by somebody else than its user: asked for once for each time that it is to use its cluster. */
export class StartApproval {
  readonly #options: StartApprovalOptions;
  #state: State | undefined;

  constructor(options: StartApprovalOptions) {
    this.#options = options;
  }

  /** Who approved, where the program has said so. */
  get by(): string | undefined {
    return this.#state?.kind === 'approved' ? this.#state.by : undefined;
  }

  /** What is in the way now; undefined: nothing. Asks where nobody was asked yet. */
  look(): Shut | undefined {
    this.#state ??= this.#ask();
    switch (this.#state.kind) {
      case 'approved':
        return undefined;
      case 'refused':
        return { kind: 'blocked', error: this.#state.error };
      case 'asking':
        return { kind: 'approving', sinceMs: this.#state.sinceMs };
    }
  }

  /** A person asks again: a refusal counts no more. */
  askAgain(): void {
    if (this.#state?.kind === 'refused') this.#state = undefined;
  }

  /** Nothing that was said counts any more, and nobody is asked. */
  withdraw(): void {
    if (this.#state?.kind === 'asking') this.#state.abort.abort();
    this.#state = undefined;
  }

  #ask(): State {
    const { clock, approve, wish, answered, refused } = this.#options;
    const abort = new AbortController();
    const answer = approve(wish(), abort.signal);
    if (!answer) return { kind: 'approved', by: undefined };
    const asking: State = { kind: 'asking', sinceMs: clock.wallMs(), abort };
    void answer.then((approval) => {
      if (this.#state !== asking) return;
      this.#state = approval.kind === 'approved' ? approval : { ...approval, sinceMs: clock.wallMs() };
      if (approval.kind === 'refused') refused(approval.error);
      answered();
    });
    return asking;
  }
}
