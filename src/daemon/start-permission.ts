import type { QuestionAnswer } from '../contract/control-question.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { QuestionBoard, QuestionDraft } from './question-board.ts';
import { checkReason } from './reason-pattern.ts';
import { type Granted, nothingGranted, type StartObstacle, startObstacle } from './start-obstacle.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

export interface StartPermissionOptions {
  readonly definition: TunnelDefinition;
  readonly questions: QuestionBoard;
  /** Agrees to a profile by its hash. A new definition comes of it, and with that a new run. */
  readonly agree: (id: string, hash: string) => Promise<void>;
  /** Runs the credential plugin with leave to ask. */
  readonly login: () => Promise<void>;
  /** Somebody said no: it is not wanted any more. */
  readonly refused: () => Promise<void>;
  /** A question was answered: it is worth looking again. */
  readonly answered: () => void;
}

/** A run's leave to use its cluster: what has to be asked before, one question at a time, and what was answered. */
export class StartPermission {
  readonly #options: StartPermissionOptions;
  #granted = nothingGranted;
  #question: { readonly id: string; readonly kind: QuestionDraft['kind'] } | undefined;

  constructor(options: StartPermissionOptions) {
    this.#options = options;
  }

  /** As given by who started it. */
  get reason(): string | undefined {
    return this.#granted.reason;
  }

  /** Its open questions. */
  get questions(): string[] {
    return this.#question ? [this.#question.id] : [];
  }

  /** Answers that came with the request to start. What was given before stays. */
  give({ confirmed, reason }: Granted): void {
    this.#granted = {
      confirmed: confirmed || this.#granted.confirmed,
      reason: reason ?? this.#granted.reason,
    };
  }

  /** What is in the way now, which is asked for; undefined: it may. */
  look(): StartObstacle | undefined {
    const obstacle = startObstacle(this.#options.definition, this.#granted);
    if (obstacle?.question) this.#ask(obstacle.question);
    if (!obstacle) this.#takeBack();
    return obstacle;
  }

  /** The cluster asks for a login, or no more. */
  needsLogin(error: ErrorData | undefined): void {
    if (error) this.#ask({ kind: 'login', tunnel: this.#options.definition.id, error });
    else if (this.#question?.kind === 'login') this.#takeBack();
  }

  /** What was given counts no more, and nothing is asked. */
  withdraw(): void {
    this.#granted = nothingGranted;
    this.#takeBack();
  }

  #ask(draft: QuestionDraft): void {
    if (this.#question?.kind === draft.kind) return;
    this.#takeBack();
    const id = this.#options.questions.ask(draft, async (answer) => {
      const isDone = await this.#take(answer);
      // The board takes the question down itself; meanwhile another may have taken its place.
      if (this.#question?.id === id) this.#question = undefined;
      if (isDone) this.#options.answered();
    });
    this.#question = { id, kind: draft.kind };
  }

  /** True where the start may go on. Rejects for an answer that does not do: its question stays. */
  async #take(answer: QuestionAnswer): Promise<boolean> {
    const { definition, agree, login, refused } = this.#options;
    switch (answer.kind) {
      case 'no':
        await refused();
        return false;
      case 'confirm':
        this.give({ confirmed: true, reason: undefined });
        return true;
      case 'reason':
        checkReason(definition.profile.policy, answer.reason);
        this.give({ confirmed: false, reason: answer.reason });
        return true;
      case 'trust':
        await agree(definition.id, answer.hash);
        return false;
      case 'login':
        await login();
        return true;
      case 'password':
      case 'passphrase':
        return false;
    }
  }

  #takeBack(): void {
    const question = this.#question;
    this.#question = undefined;
    if (question) this.#options.questions.withdraw(question.id);
  }
}
