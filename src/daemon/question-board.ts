import { randomUUID } from 'node:crypto';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Question, QuestionAnswer } from '../contract/control-question.ts';

type Draft<Q> = Q extends unknown ? Omit<Q, 'id' | 'askedAtMs'> : never;
export type QuestionDraft = Draft<Question>;

interface Asked {
  readonly question: Question;
  readonly answered: (answer: QuestionAnswer) => Promise<void>;
}

export interface QuestionEvents {
  onAsked(question: Question): void;
  onGone(id: string): void;
}

/** What waits for an answer, whichever face it comes from. The first answer that is accepted counts. */
export class QuestionBoard {
  readonly #clock: Clock;
  readonly #events: QuestionEvents;
  readonly #asked = new Map<string, Asked>();

  constructor(clock: Clock, events: QuestionEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  get all(): Question[] {
    return [...this.#asked.values()].map(({ question }) => question);
  }

  of(tunnel: string): Question[] {
    return this.all.filter((question) => question.tunnel === tunnel);
  }

  /** `answered` may reject, as for a reason that does not fit: the question stays then. */
  ask(draft: QuestionDraft, answered: Asked['answered']): string {
    const question = { ...draft, id: randomUUID(), askedAtMs: this.#clock.wallMs() } as Question;
    this.#asked.set(question.id, { question, answered });
    this.#events.onAsked(question);
    return question.id;
  }

  withdraw(id: string): void {
    if (this.#asked.delete(id)) this.#events.onGone(id);
  }

  /** Resolves with the question when its answer was taken. Throws SP-QUESTION-GONE, SP-USAGE, and what the answer was refused with. */
  async answer(id: string, answer: QuestionAnswer): Promise<Question> {
    const asked = this.#asked.get(id);
    if (!asked) throw new AppError('SP-QUESTION-GONE');
    const { question, answered } = asked;
    if (answer.kind !== 'no' && answer.kind !== question.kind) {
      throw new AppError('SP-USAGE', {
        message: `the question asks for ${question.kind}, not ${answer.kind}`,
      });
    }
    await answered(answer);
    this.withdraw(id);
    return question;
  }
}
