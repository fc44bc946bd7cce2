import { inspect } from 'node:util';

const redacted = '[secret]';

/** A value that prints, logs and serializes as "[secret]". `reveal` is the one way in, so that uses can be found by name. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}
