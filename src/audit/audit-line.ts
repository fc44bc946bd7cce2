/**
 * The form of a line, on which all proof rests:
 *
 *     {"seq":17,"prev":"<64 hex digits>","event":"...","at":"...", ...}
 *
 * `prev` is the SHA-256 of the line before as it stands in the file, without its line feed. Lines are ASCII alone, so a line's text is
 * its bytes, no encoding can be disputed, and what a terminal shows is what is there. seq, prev and event come first and in this order:
 * a reader that only checks the chain never parses JSON.
 */
import { hash } from 'node:crypto';
import type { AuditHead } from '../contract/audit-event.ts';

/** Before the first line. */
export const emptyHead: AuditHead = { seq: 0, hash: '0'.repeat(64) };

/** With its line feed; what syslog receivers must take (RFC 5425) holds it with a header. */
export const maxLineBytes = 7_680;

const head = '{"seq":';
const prev = ',"prev":"';
const hashLength = 64;
const maxSeqDigits = 15;

export function hashOf(line: string): string {
  return hash('sha256', line, 'hex');
}

/** The line without its line feed, and the head that it makes. `body` is the text of a JSON object that begins with its event. */
export function chainLine(
  before: AuditHead,
  body: string,
): { readonly line: string; readonly head: AuditHead } {
  const seq = before.seq + 1;
  const line = `${head}${seq}${prev}${before.hash}",${body.slice(1)}`;
  return { line, head: { seq, hash: hashOf(line) } };
}

export interface LineFrame {
  readonly seq: number;
  readonly prev: string;
  /** Where `"event":` begins. */
  readonly bodyAt: number;
}

/** What the chain needs of a line; undefined where it is none of this form. */
export function readFrame(line: string): LineFrame | undefined {
  if (!line.startsWith(head) || !line.endsWith('}')) return undefined;
  let at = head.length;
  let seq = 0;
  for (; at < head.length + maxSeqDigits; at++) {
    const digit = line.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) break;
    seq = seq * 10 + digit;
  }
  if (seq === 0 || line[head.length] === '0' || !line.startsWith(prev, at)) return undefined;
  at += prev.length;
  const bodyAt = at + hashLength + 2;
  if (!line.startsWith('","event":"', at + hashLength)) return undefined;
  return { seq, prev: line.slice(at, at + hashLength), bodyAt };
}

/** Whether the line, whose frame was read, is of this event. */
export function isEvent(line: string, frame: LineFrame, event: string): boolean {
  return line.startsWith(`"event":"${event}",`, frame.bodyAt);
}
