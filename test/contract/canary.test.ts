import { describe, expect, it } from 'vitest';
import { Canary } from '../support/canary.ts';

/** The search for planted secrets proves nothing where it cannot find one. */
describe('a canary is found', () => {
  const canary = new Canary('a password');
  const { text } = canary;
  const record = (password: string) =>
    JSON.stringify({ at: 'now', why: `login failed for app with ${password}` });
  it.each<[string, string | Buffer]>([
    ['as it is', `password=${text}`],
    ['in JSON', record(text)],
    ['in JSON in JSON', record(record(text))],
    ['in a URL', `postgresql://app:${encodeURIComponent(text)}@127.0.0.1/orders`],
    ['in base64', Buffer.from(text).toString('base64')],
    ['in base64 behind one byte', Buffer.from(`:${text}`).toString('base64')],
    ['in base64 behind two bytes', Buffer.from(`a:${text}`).toString('base64')],
    ['in a header of basic login', `Basic ${Buffer.from(`application:${text}`).toString('base64')}`],
    ['in base64 for URLs', Buffer.from(`x${text}`).toString('base64url')],
    ['in hex', Buffer.from(text).toString('hex')],
    ['in UTF-16', Buffer.from(`x${text}`, 'utf16le')],
    ['in SQL', `ALTER ROLE app PASSWORD '${text.replaceAll("'", "''")}'`],
    ['cut short', text.slice(0, -4)],
    ['as a buffer prints itself', JSON.stringify(Buffer.from(text))],
  ])('%s', (_, haystack) => {
    expect(canary.formIn(Buffer.from(haystack))).toBeDefined();
    expect(new Canary('another').formIn(Buffer.from(haystack))).toBeUndefined();
  });
});
