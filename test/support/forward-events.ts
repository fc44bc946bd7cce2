import type { ForwardEvent } from '../../src/contract/forward-event.ts';
import type { ShownState } from '../../src/contract/tunnel-state.ts';

type Named<Name extends ForwardEvent['event']> = Extract<ForwardEvent, { event: Name }>;

/** What a forward has told so far, and what it will. */
export class ForwardEvents {
  readonly all: ForwardEvent[] = [];
  readonly #waiting = new Set<() => void>();
  #end: string | undefined;

  add(event: ForwardEvent): void {
    this.all.push(event);
    this.#wake();
  }

  /** Nothing more will come: whoever waits fails with this. */
  end(why: string): void {
    this.#end = why;
    this.#wake();
  }

  /** The first event of a kind that `accept` takes, from the index `after` on; waits where it has not come yet. */
  async next<Name extends ForwardEvent['event']>(
    name: Name,
    accept: (event: Named<Name>) => boolean = () => true,
    after = 0,
  ): Promise<Named<Name>> {
    for (let index = after; ; index++) {
      while (index >= this.all.length) {
        if (this.#end !== undefined) throw new Error(`${this.#end}, before the event ${name}`);
        await new Promise<void>((resolve) => this.#waiting.add(resolve));
      }
      const event = this.all[index] as ForwardEvent;
      if (event.event === name && accept(event as Named<Name>)) return event as Named<Name>;
    }
  }

  /** A tunnel in a state that people read. */
  state(shown: ShownState, after = 0): Promise<Named<'state'>> {
    return this.next('state', (event) => event.shown === shown, after);
  }

  /** A tunnel in a state whose reason has this code. */
  trouble(code: string, after = 0): Promise<Named<'state'>> {
    return this.next('state', ({ state }) => codeOf(state) === code, after);
  }

  /** Ready with the pod of this UID. */
  readyWith(uid: string, after = 0): Promise<Named<'state'>> {
    return this.next('state', ({ state }) => state.kind === 'ready' && state.pod.uid === uid, after);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function codeOf(state: Named<'state'>['state']): string | undefined {
  if (state.kind === 'waiting') return state.reason.code;
  return state.kind === 'blocked' ? state.error.code : undefined;
}
