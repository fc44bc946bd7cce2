import { randomBytes } from 'node:crypto';
import { serialize } from 'pg-protocol';
import { errorResponse } from './message.ts';
import type { MessageRules } from './message-stream.ts';
import { allRefusals, functionCall, type Refusal, refusalOf, tooLarge, unclear } from './read-only-policy.ts';
import { readServerError } from './server-error.ts';
import { sqlOfParse, sqlOfQuery } from './statement-text.ts';

/**
 * Puts the read-only policy between a client and its server. A refused statement is replaced by a word that the server cannot parse: it answers
 * with an error at the right place among its other answers, whatever was pipelined, ends the transaction as after any error, and the error's
 * text is put right on the way back. So nothing has to be counted, and a refusal can never be taken for another statement's answer.
 */

export interface ReadOnlyGuardOptions {
  readonly onRefused: (why: Refusal) => void;
  /** The server reports that the session may write after all: something else than a refused statement has done it. */
  readonly onUnset: () => void;
}

/** Larger statements are refused unread. */
const maxStatementBytes = 4 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;
const maxParameterBytes = 16 * 1024;
/**
 * Large objects are read by function calls (pg_dump): lo_open, lo_close, loread, lo_lseek, lo_tell and their 64-bit forms. Numbers of
 * pg_proc, the same in every version.
 */
const readingFunctions: ReadonlySet<number> = new Set([952, 953, 954, 956, 958, 3170, 3171]);

/** The rules of the two directions of one connection. */
export function readOnlyRules({ onRefused, onUnset }: ReadOnlyGuardOptions): {
  readonly toServer: MessageRules;
  readonly toClient: MessageRules;
} {
  // Of this connection: nobody can make a server say it by chance or on purpose.
  const marker = `sallyport_read_only_${randomBytes(8).toString('hex')}_`;
  const refused = (why: Refusal): string => {
    onRefused(why);
    return marker + allRefusals.indexOf(why);
  };
  const statement = (original: Buffer, make: (sql: string) => Buffer, sql: string | undefined) => {
    const why = sql === undefined ? unclear : refusalOf(sql);
    return why ? make(refused(why)) : original;
  };
  return {
    toServer: {
      Q: {
        limitBytes: maxStatementBytes,
        handle: (query) => statement(query, serialize.query, sqlOfQuery(query)),
        tooLarge: () => serialize.query(refused(tooLarge)),
      },
      P: {
        limitBytes: maxStatementBytes,
        handle: (parse) => statement(parse, (text) => serialize.parse({ text }), sqlOfParse(parse)),
        tooLarge: () => serialize.parse({ text: refused(tooLarge) }),
      },
      F: {
        limitBytes: maxStatementBytes,
        handle: (call) =>
          call.length >= 9 && readingFunctions.has(call.readUInt32BE(5))
            ? call
            : serialize.query(refused(functionCall)),
        // Answered by an error and ReadyForQuery, as a function call is.
        tooLarge: () => serialize.query(refused(functionCall)),
      },
    },
    toClient: {
      E: {
        limitBytes: maxErrorBytes,
        handle: (error) => putRight(error, marker),
      },
      S: {
        limitBytes: maxParameterBytes,
        handle: (status) => {
          const [name, setting] = status.toString('latin1', 5).split('\0');
          if (name === 'default_transaction_read_only' && setting !== 'on') onUnset();
          return status;
        },
      },
    },
  };
}

function putRight(error: Buffer, marker: string): Buffer {
  if (error.indexOf(marker) < 0) return error;
  const { message: text } = readServerError(error.subarray(5));
  const at = text.indexOf(marker);
  const why = at < 0 ? undefined : allRefusals[Number.parseInt(text.slice(at + marker.length), 10)];
  return errorResponse({
    severity: 'ERROR',
    sqlstate: '25006',
    message: `this tunnel is read-only: ${why ?? 'that is refused'}`,
    hint: 'A profile that may write is needed for this.',
  });
}
