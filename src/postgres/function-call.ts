import { AppError } from '../base/app-error.ts';
import { int32, message } from './message.ts';
import { readServerError } from './server-error.ts';
import type { Wire } from './wire.ts';

/**
 * Questions by the protocol's own function call: the server neither parses nor plans them, nor looks for a name, which in a session that has
 * just begun costs more than everything else about them. Source: PostgreSQL protocol, "FunctionCall".
 */

/** A function of the server's own. Its number is the same in every version that has it (pg_proc.dat). */
export interface ServerFunction {
  readonly oid: number;
  /** As text. */
  readonly args: readonly string[];
}

const maxAnswerBytes = 4 * 1024;
const maxMessages = 64;
const textFormats = Buffer.alloc(2);

export function functionCall({ oid, args }: ServerFunction): Buffer {
  const given = args.flatMap((text) => [int32(Buffer.byteLength(text)), Buffer.from(text)]);
  return message('F', int32(oid), textFormats, int16(args.length), ...given, textFormats);
}

/** The answers to so many calls that have been sent, as text; null is NULL. Rejects with SP-DB-REFUSED where one fails, SP-DB-PROTOCOL where it is no such answer. */
export async function readResults(wire: Wire, count: number): Promise<readonly (string | null)[]> {
  const results: (string | null)[] = [];
  let failure: AppError | undefined;
  let left = count;
  for (let messages = 0; left > 0; messages++) {
    const { type, body } = await wire.readMessage(maxAnswerBytes);
    if (type === 'E') failure ??= new AppError('SP-DB-REFUSED', { message: readServerError(body).message });
    if (type === 'V') results.push(resultOf(body));
    if (type === 'Z') left--;
    if (messages > maxMessages) break;
  }
  if (failure) throw failure;
  if (left > 0 || results.length !== count) throw noAnswer();
  return results;
}

function resultOf(body: Buffer): string | null {
  const sizeBytes = body.length < 4 ? Number.NaN : body.readInt32BE(0);
  if (sizeBytes === -1) return null;
  if (sizeBytes !== body.length - 4) throw noAnswer();
  return body.toString('utf8', 4);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function noAnswer(): AppError {
  return new AppError('SP-DB-PROTOCOL', { message: 'a function call has another answer' });
}
