/**
 * Which requests may use the page on loopback. Trust boundary: every program of the user can connect, and every web page can make the
 * user's browser try. The first request brings a token that works once; all others the cookie that it was changed for. Host tells
 * a rebound DNS name, Origin and Sec-Fetch-Site another page. Whoever fails gets an empty refusal, but for a person who comes too late.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../base/clock.ts';

const tokenLivesMs = 60_000;
/** One for each `sallyport ui` that was not followed yet. */
const maxTokens = 16;
const maxSessions = 16;
export const entryPath = '/enter';
const cookieName = 'sallyport';

export interface GateRequest {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export type Verdict =
  | { readonly kind: 'in' }
  /** The token is used up: give this cookie and lead on to the page. Absent: the browser has one already. */
  | { readonly kind: 'entered'; readonly cookie?: string }
  | { readonly kind: 'refused'; readonly why: string };

export class LoopbackGate {
  readonly #clock: Clock;
  readonly #origin: string;
  /** By hash, so that nothing here can be compared byte by byte. */
  readonly #tokens = new Map<string, number>();
  readonly #sessions = new Set<string>();

  /** `origin`: as browsers write it, http://HOST:PORT. */
  constructor(clock: Clock, origin: string) {
    this.#clock = clock;
    this.#origin = origin;
  }

  /** An address that lets one browser in, once and soon. */
  invite(): { readonly url: string; readonly expiresAtMs: number } {
    const token = randomBytes(32).toString('base64url');
    this.#tokens.set(hashed(token), this.#clock.nowMs() + tokenLivesMs);
    keepNewest(this.#tokens, maxTokens);
    const expiresAtMs = this.#clock.wallMs() + tokenLivesMs;
    return { url: `${this.#origin}${entryPath}?token=${token}`, expiresAtMs };
  }

  judge(request: GateRequest): Verdict {
    const { method, url, headers } = request;
    const refused = (why: string): Verdict => ({ kind: 'refused', why });
    if (headers.host !== new URL(this.#origin).host) return refused('host');
    if (headers.origin !== undefined && headers.origin !== this.#origin) return refused('origin');
    const site = headers['sec-fetch-site'];
    const parsed = URL.parse(url, this.#origin);
    if (!parsed) return refused('path');
    const { pathname, searchParams } = parsed;
    if (method === 'GET' && pathname === entryPath && isFollowed(headers)) {
      const verdict = this.#enter(searchParams.get('token') ?? '');
      // Who follows a used address in the browser that it let in means the page.
      return verdict.kind === 'refused' && this.#hasSession(headers.cookie) ? { kind: 'entered' } : verdict;
    }
    // none: the person typed the address or followed it from another program. same-site would be any other port of this machine.
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return refused('site');
    // Browsers name the origin of whatever can change something, and of every WebSocket.
    const isUpgrade = headers.upgrade !== undefined;
    if ((method !== 'GET' || isUpgrade) && headers.origin === undefined) return refused('no origin');
    if (site === 'none' && (method !== 'GET' || isUpgrade)) return refused('site');
    return this.#hasSession(headers.cookie) ? { kind: 'in' } : refused('cookie');
  }

  #enter(token: string): Verdict {
    const key = hashed(token);
    const untilMs = this.#tokens.get(key);
    this.#tokens.delete(key);
    if (untilMs === undefined || untilMs < this.#clock.nowMs()) return { kind: 'refused', why: 'token' };
    const session = randomBytes(32).toString('base64url');
    this.#sessions.add(hashed(session));
    keepNewest(this.#sessions, maxSessions);
    return { kind: 'entered', cookie: `${cookieName}=${session}; HttpOnly; SameSite=Strict; Path=/` };
  }

  #hasSession(cookies: string | undefined): boolean {
    const values = (cookies ?? '').split(';').flatMap((pair) => {
      const [name, value] = pair.trim().split('=');
      return name === cookieName && value ? [value] : [];
    });
    return values.some((value) => this.#sessions.has(hashed(value)));
  }
}

/** Gone to as a page, from wherever: a browser counts the file that leads here as another site. Nobody else knows a token. */
function isFollowed(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return true;
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

function hashed(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether two secrets are equal, in a time that does not tell where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(hashed(a)), Buffer.from(hashed(b)));
}

function keepNewest(
  set: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean },
  limit: number,
) {
  const keys = set.keys();
  while (set.size > limit) set.delete(keys.next().value!);
}
