import type { AppError } from '../base/app-error.ts';
import { errorText } from '../contract/error-codes.ts';
import { errorResponse } from './message.ts';
import { LoginRefused } from './reach-database.ts';

/** What a client is told, in PostgreSQL's own form, so that every driver shows it. */

/** 57P01 is what a server says that shuts down: drivers know it, and reconnect. */
export function farewell(error: AppError | undefined, pod: string): Buffer {
  const { headline } = error ? errorText(error) : { headline: `${pod} closed the connection` };
  return errorResponse({
    severity: 'FATAL',
    sqlstate: error?.code === 'SP-DB-READ-ONLY' ? '25006' : '57P01',
    message: `terminating connection: ${headline}`,
    // What its user has to do first, as after a limit of its policy.
    hint:
      error && error.retry !== 'auto' && error.code !== 'SP-DB-READ-ONLY'
        ? errorText(error).next
        : 'Connect again: the tunnel waits for the pod that serves next.',
  });
}

/** An error of ours as the end of a login. */
export function fatal(error: AppError): Buffer {
  const { headline, why, next } = errorText(error);
  const { message, sqlstate } = error.details;
  const ofServer = error instanceof LoginRefused ? `The database said: ${message} (${sqlstate})` : '';
  return errorResponse({
    severity: 'FATAL',
    sqlstate: sqlstateOf(error),
    message: headline,
    detail: why || ofServer || undefined,
    hint: next || undefined,
  });
}

function sqlstateOf({ code, retry }: AppError): string {
  switch (code) {
    case 'SP-DB-FULL':
    case 'SP-HOLD-FULL':
    case 'SP-CONNECTION-LIMIT':
      return '53300';
    case 'SP-DB-READ-ONLY':
      return '25006';
    case 'SP-DB-POLICY':
      return '42501';
    // Clients that were given several servers try the next one.
    case 'SP-DB-ROLE':
      return '57P03';
    // Not 28P01: a program that asks for the password again would ask for the wrong one.
    case 'SP-DB-PASSWORD-REFUSED':
    case 'SP-DB-NO-CREDENTIALS':
    case 'SP-DB-AUTH-UNSUPPORTED':
      return '28000';
    default:
      return retry === 'auto' ? '57P03' : '08006';
  }
}
