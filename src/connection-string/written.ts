import { AppError } from '../base/app-error.ts';
import type { ConnectionWarning } from '../contract/connection-string.ts';
import type { Login } from './endpoint.ts';

export type Variables = Readonly<Record<string, string>>;

/** A command with the variables that it needs for its own run. */
export interface Command {
  readonly environment?: Variables | undefined;
  readonly words: readonly string[];
}

/** What a format makes of a login, before a shell's quoting. */
export type Written = { readonly warnings?: readonly ConnectionWarning[] } & (
  | { readonly form: 'value' | 'file'; readonly text: string }
  | { readonly form: 'command'; readonly command: Command }
  | { readonly form: 'environment'; readonly variables: Variables }
);

export type FormatWriter = (login: Login) => Written;

/** The refusal of a format that has no way to say something. `instead` is what to do. */
export function cannotSay(format: string, what: string, instead: string): AppError {
  return new AppError('SP-USAGE', { message: `${format} cannot say ${what}`, next: instead });
}

/** Leaves out what is not known: an absent hint is not an empty one. */
export function known(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
