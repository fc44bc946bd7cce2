import type { LocalEnd } from './endpoint.ts';
import { cannotSay } from './written.ts';

/**
 * Everything but RFC 3986's unreserved characters as %XX of its UTF-8 bytes. Stricter than encodeURIComponent, so that the result needs no
 * quotes in a shell and no escape in a .env file. A space is %20, never "+", which half of the readers take literally.
 */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `?a=b&c=d`, or nothing. */
export function query(parameters: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${percentEncode(value)}`);
  return pairs.length ? `?${pairs.join('&')}` : '';
}

/** `user:password@`, `user@`, or nothing. A password without a user keeps its colon. */
export function userInfo({
  user,
  password,
}: {
  user?: string | undefined;
  password: string | undefined;
}): string {
  if (user === undefined && password === undefined) return '';
  const secret = password === undefined ? '' : `:${percentEncode(password)}`;
  return `${percentEncode(user ?? '')}${secret}@`;
}

/** `host:port`, an IPv6 address in brackets. */
export function hostPort({ host, port }: Extract<LocalEnd, { kind: 'tcp' }>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** The database as a URL's path. Throws SP-USAGE for "." and "..", which readers of URLs drop as folders, encoded or not (WHATWG URL, 4.4). */
export function databasePath(format: string, database = ''): string {
  if (/^\.\.?$/.test(database)) throw cannotSay(format, `the database "${database}"`, 'take another format');
  return percentEncode(database);
}
