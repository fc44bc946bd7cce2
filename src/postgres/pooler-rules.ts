import type { AppError } from '../base/app-error.ts';
import { fatal } from './client-words.ts';
import type { MessageRules } from './message-stream.ts';
import { classifyRefusal, readServerError } from './server-error.ts';

const maxErrorBytes = 64 * 1024;

/**
 * A pooler lets a client in before it has a connection for it, so that it shows only at a query that there is none. PgBouncer says that with
 * the code of a protocol violation: the client gets 53300, which is what it is.
 */
export function poolerRules(tried: { user: string; pod: string }, onFull: (error: AppError) => void) {
  return {
    E: {
      limitBytes: maxErrorBytes,
      handle: (message) => {
        const said = readServerError(message.subarray(5));
        if (said.severity !== 'FATAL' || said.sqlstate === '53300') return message;
        const error = classifyRefusal({ error: said, ...tried });
        if (error.code !== 'SP-DB-FULL') return message;
        onFull(error);
        return fatal(error);
      },
    },
  } satisfies MessageRules;
}
