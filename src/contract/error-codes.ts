/**
 * The one table of what can go wrong: for each code how it is retried, which exit code it ends a
 * command with, and the sentences a person reads. Plain data, no schema library: it is on the path to the first byte.
 */
import { clusterErrors } from './errors/cluster-errors.ts';
import { commandErrors } from './errors/command-errors.ts';
import { daemonErrors } from './errors/daemon-errors.ts';
import { databaseErrors } from './errors/database-errors.ts';
import { type ErrorDetails, type ErrorEntry, say } from './errors/error-entry.ts';
import { localErrors } from './errors/local-errors.ts';
import { podErrors } from './errors/pod-errors.ts';
import { profileErrors } from './errors/profile-errors.ts';

export type { ErrorDetails, RetryClass } from './errors/error-entry.ts';

/**
 * Exit codes: 0 done, 1 unexpected, 2 usage, 3 kubeconfig, 4 log in, 5 not allowed, 6 API server,
 * 7 target, 8 connection into the pod, 9 this machine. A command that a signal ends as asked ends with 0, as kubectl does.
 */
export const errorTable = {
  ...commandErrors,
  ...clusterErrors,
  ...podErrors,
  ...localErrors,
  ...databaseErrors,
  ...profileErrors,
  ...daemonErrors,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

/** One failure as data: what crosses processes, what a state carries. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
}

export interface ErrorText {
  readonly headline: string;
  readonly why: string;
  readonly next: string;
}

/** The sentences of one failure. `why` is the cluster's own words where it sent some (details.why). */
export function errorText({ code, details }: ErrorData): ErrorText {
  // A newer peer may know codes that this one does not.
  const entry: ErrorEntry | undefined = errorTable[code];
  if (!entry)
    return { headline: printable(`${code}: ${say(details.message, 'no details')}`), why: '', next: '' };
  return {
    headline: printable(entry.headline(details)),
    why: printable(String(details.why ?? '')),
    next: printable(entry.next(details)),
  };
}

/** What a cluster, a pod or a proxy says may hold escape sequences, or marks that turn text around. Line breaks and tabs stay. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu, '');
}
