import type { AuditEvent, AuditLogEvent } from '../contract/audit-event.ts';
import { maxLineBytes } from './audit-line.ts';

/** What seq, prev and their names take at most. */
const frameBytes = 112;
const maxBodyBytes = maxLineBytes - frameBytes;

/** How long texts may be, characters, and lists, entries, in lines that are too long as they are. */
const clips = [
  { text: 1_024, list: 64 },
  { text: 256, list: 16 },
  { text: 32, list: 4 },
];

/**
 * An event as the text of a JSON object, ASCII alone. One that is too long for a line is shortened, never refused: whoever can make a
 * name long must not thereby stay off the record.
 */
export function lineBody(event: AuditEvent | AuditLogEvent, at: string): string {
  const { event: kind, ...facts } = event;
  const whole = ascii(JSON.stringify({ event: kind, at, ...facts }));
  if (whole.length <= maxBodyBytes) return whole;
  for (const { text, list } of clips) {
    const body = ascii(
      JSON.stringify({ event: kind, at, clipped: true, ...facts }, (_key, value: unknown) => {
        if (typeof value === 'string' && value.length > text) return `${value.slice(0, text)}…`;
        if (Array.isArray(value)) return value.slice(0, list);
        if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).slice(0, 32));
        return value;
      }),
    );
    if (body.length <= maxBodyBytes) return body;
  }
  const tunnel = 'tunnel' in facts ? facts.tunnel?.slice(0, 253) : undefined;
  return ascii(JSON.stringify({ event: kind, at, clipped: true, tunnel }));
}

function ascii(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what JSON.stringify leaves of them is DEL alone.
  return text.replace(/[^\x00-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

let lastMs = Number.NaN;
let lastText = '';

/** As it stands in lines. Most events of a batch have the time of the one before. */
export function isoTime(atMs: number): string {
  if (atMs !== lastMs) {
    lastText = new Date(atMs).toISOString();
    lastMs = atMs;
  }
  return lastText;
}
