import { AppError } from '../base/app-error.ts';
import { readServerError } from './server-error.ts';
import type { Wire } from './wire.ts';

const maxMessageBytes = 16 * 1024;
const maxMessages = 64;

/**
 * The answer to a question that has been sent: the first row, as text; null is NULL. Rejects with SP-DB-REFUSED where the server
 * refuses it, SP-DB-PROTOCOL where the answer is no small row. The connection is idle again afterwards.
 */
export async function readRow(wire: Wire): Promise<readonly (string | null)[]> {
  let row: readonly (string | null)[] | undefined;
  let failure: AppError | undefined;
  for (let count = 0; count < maxMessages; count++) {
    const { type, body } = await wire.readMessage(maxMessageBytes);
    if (type === 'E') failure = new AppError('SP-DB-REFUSED', { message: readServerError(body).message });
    if (type === 'D') row ??= columns(body);
    if (type !== 'Z') continue;
    if (failure) throw failure;
    if (row) return row;
    break;
  }
  throw new AppError('SP-DB-PROTOCOL', { message: 'a question of one row has another answer' });
}

/** DataRow: int16 count, then for each column an int32 length, -1 for NULL, and its bytes. Undefined: it is none. */
function columns(body: Buffer): readonly (string | null)[] | undefined {
  if (body.length < 2) return undefined;
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    if (body.length < at + 4) return undefined;
    const sizeBytes = body.readInt32BE(at);
    at += 4;
    if (body.length < at + sizeBytes) return undefined;
    values.push(sizeBytes < 0 ? null : body.toString('utf8', at, at + sizeBytes));
    at += Math.max(0, sizeBytes);
  }
  return values;
}
