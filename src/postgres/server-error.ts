import { AppError } from '../base/app-error.ts';

/**
 * What a server says when it does not let one in, and what that means. The one file that looks at message text, and only for PgBouncer, which gives
 * everything the same code.
 */

/** The fields of an ErrorResponse that matter here. */
export interface ServerError {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
}

/** Reads an ErrorResponse's body; what is missing is empty. */
export function readServerError(body: Buffer): ServerError {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at);
    if (end < 0) break;
    fields.set(String.fromCharCode(body[at]!), body.toString('utf8', at + 1, end));
    at = end + 1;
  }
  // V is S without translation, since PostgreSQL 9.6.
  return {
    severity: fields.get('V') ?? fields.get('S') ?? '',
    sqlstate: fields.get('C') ?? '',
    message: fields.get('M') ?? '',
  };
}

export interface LoginRefusal {
  readonly error: ServerError;
  /** The role that was tried. */
  readonly user: string;
  readonly pod: string;
}

/** A refused login as an error of ours: its retry class says whether waiting helps. */
export function classifyRefusal({ error, user, pod }: LoginRefusal): AppError {
  const { sqlstate, message } = error;
  const details = { pod, user, message, sqlstate };
  switch (sqlstate) {
    // Starting up, shutting down, in recovery without hot standby.
    case '57P03':
    case '57P01':
    case '57P02':
      return new AppError('SP-DB-STARTING', details);
    case '28P01':
      return new AppError('SP-DB-PASSWORD-REFUSED', details);
    case '53300':
      return new AppError('SP-DB-FULL', details);
    case '08P01':
      return new AppError(poolerCode(message), details);
    default:
      return new AppError('SP-DB-REFUSED', details);
  }
}

/**
 * Whether another credential may be let in: the password is wrong, or (28000) the role is none that may log in, as the one that a rotation has
 * retired by NOLOGIN. pg_hba.conf's refusals have the same code, and may be of one role too.
 */
export function refusesCredential({ code, details }: AppError): boolean {
  return code === 'SP-DB-PASSWORD-REFUSED' || (code === 'SP-DB-REFUSED' && details.sqlstate === '28000');
}

/** PgBouncer before 1.21 sends 08P01 for all that it refuses. */
function poolerCode(message: string) {
  if (/^no more connections allowed|^query_wait_timeout|too many clients/.test(message)) return 'SP-DB-FULL';
  if (/^server (login has been failing|conn crashed)|^pgbouncer cannot connect/.test(message))
    return 'SP-DB-STARTING';
  if (/authentication failed/.test(message)) return 'SP-DB-PASSWORD-REFUSED';
  return 'SP-DB-REFUSED';
}

/** Nobody but a pooler restricts which settings a startup packet may carry. */
export function refusesStartupParameter({ message }: ServerError): boolean {
  return /^unsupported startup parameter/.test(message);
}
