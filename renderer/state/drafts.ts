/** A profile as somebody is writing it. */
export interface Draft {
  readonly name: string;
  /** YAML, right or not. */
  readonly text: string;
  /** What it began with; the same where nothing is written yet. */
  readonly began: { readonly name: string; readonly text: string };
  /** Of the profile as it was then; absent where there is none yet. */
  readonly hash?: string;
}

export function newDraft(began: Draft['began'], hash?: string): Draft {
  return { ...began, began, ...(hash !== undefined && { hash }) };
}

export function isWritten({ name, text, began }: Draft): boolean {
  return name !== began.name || text !== began.text;
}

/** At most this many are kept; the one that was touched longest ago goes first. */
const maxDrafts = 100;

/** What is written and not saved, so that it is still there after a look elsewhere in the window. In memory alone: a draft may hold a secret that was pasted by mistake. */
export class Drafts {
  readonly #drafts = new Map<string, Draft>();
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  get(key: string): Draft | undefined {
    return this.#drafts.get(key);
  }

  /** Whether anything would be lost with the page. */
  hasWritten(): boolean {
    return [...this.#drafts.values()].some(isWritten);
  }

  set(key: string, draft: Draft): void {
    this.#drafts.delete(key);
    this.#drafts.set(key, draft);
    for (const oldest of this.#drafts.keys()) {
      if (this.#drafts.size <= maxDrafts) break;
      this.#drafts.delete(oldest);
    }
    this.#tell();
  }

  drop(key: string): void {
    if (this.#drafts.delete(key)) this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
