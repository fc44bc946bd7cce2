/** auto: recovers without a click. user: waits for one action, named in `next`. never: asking again cannot help. */
export type RetryClass = 'auto' | 'user' | 'never';

/** Facts about one failure, ready to cross a process boundary. Never holds a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ErrorEntry {
  readonly retry: RetryClass;
  readonly exitCode: number;
  /** What happened, one sentence without a full stop, in the words of Kubernetes and Postgres. */
  readonly headline: (d: ErrorDetails) => string;
  /** What the person can do next; empty where nothing is to be done. */
  readonly next: (d: ErrorDetails) => string;
}

export const nothing = () => '';
export const say = (value: ErrorDetails[string], otherwise: string) =>
  value === undefined || value === '' ? otherwise : String(value);
