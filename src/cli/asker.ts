/** Questions to a person at a terminal. Each resolves with undefined when they give up (Ctrl-C, Escape). */
export interface Asker {
  confirm(message: string): Promise<boolean | undefined>;
  text(message: string, options?: TextQuestion): Promise<string | undefined>;
  password(message: string): Promise<string | undefined>;
  /** One of several, by its value; what is typed narrows them down. */
  choose(message: string, choices: readonly Choice[]): Promise<string | undefined>;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly hint?: string | undefined;
}

export interface TextQuestion {
  readonly placeholder?: string | undefined;
  /** Why an answer will not do; undefined where it will. */
  readonly check?: ((answer: string) => string | undefined) | undefined;
}

/** On standard error, so that what a command prints can be piped on. The library is loaded with the first question. */
export const terminalAsker: Asker = {
  async confirm(message) {
    const { confirm, isCancel } = await import('@clack/prompts');
    const answer = await confirm({ message, initialValue: false, output: process.stderr });
    return isCancel(answer) ? undefined : answer;
  },
  async text(message, { placeholder, check } = {}) {
    const { text, isCancel } = await import('@clack/prompts');
    const answer = await text({
      message,
      output: process.stderr,
      ...(placeholder !== undefined && { placeholder }),
      validate: (given) => (given ? check?.(given) : 'Write something, or press Escape'),
    });
    return isCancel(answer) ? undefined : answer;
  },
  async password(message) {
    const { password, isCancel } = await import('@clack/prompts');
    const answer = await password({ message, output: process.stderr });
    return isCancel(answer) ? undefined : answer;
  },
  async choose(message, choices) {
    const { autocomplete, isCancel } = await import('@clack/prompts');
    const options = choices.map(({ value, label, hint }) => ({ value, label, ...(hint && { hint }) }));
    const answer = await autocomplete({
      message,
      options,
      maxItems: 12,
      placeholder: 'type to search',
      output: process.stderr,
    });
    return isCancel(answer) ? undefined : answer;
  },
};
