import { headerBytes } from './message.ts';

/** The SQL of a client's messages, as Latin-1: one character a byte. Undefined: the message is not as the protocol has it. */

/** Query: the string is all of its body. */
export function sqlOfQuery(message: Buffer): string | undefined {
  const end = message.length - 1;
  return message.indexOf(0, headerBytes) === end ? message.toString('latin1', headerBytes, end) : undefined;
}

/** Parse: the statement's name, then its text. */
export function sqlOfParse(message: Buffer): string | undefined {
  const nameEnd = message.indexOf(0, headerBytes);
  const end = nameEnd < 0 ? -1 : message.indexOf(0, nameEnd + 1);
  return end < 0 ? undefined : message.toString('latin1', nameEnd + 1, end);
}
