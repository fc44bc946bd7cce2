import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../base/clock.ts';

export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Bearer tokens that the API server accepts, and until when. */
export class Tokens {
  readonly #clock: Clock;
  readonly #tokens = new Map<string, { readonly identity: Identity; readonly expiresMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new token, valid for `validMs` (default: for ever). */
  issue(identity: Identity, validMs = Number.POSITIVE_INFINITY): string {
    const token = `sandbox-${randomUUID()}`;
    this.#tokens.set(token, { identity, expiresMs: this.#clock.nowMs() + validMs });
    return token;
  }

  /** Ends one token, or all. */
  expire(token?: string): void {
    if (token === undefined) this.#tokens.clear();
    else this.#tokens.delete(token);
  }

  find(token: string): Identity | undefined {
    const entry = this.#tokens.get(token);
    return entry && this.#clock.nowMs() < entry.expiresMs ? entry.identity : undefined;
  }
}

/** Who asks: the verified client certificate's subject, else the bearer token's identity; undefined answers 401. */
export function identify(request: IncomingMessage, tokens: Tokens): Identity | undefined {
  const socket = request.socket as TLSSocket;
  if (socket.authorized) {
    const { CN, O } = socket.getPeerCertificate().subject;
    const groups = O === undefined ? [] : [O].flat();
    return withAuthenticated(String(CN), groups);
  }
  const [, token] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const identity = token === undefined ? undefined : tokens.find(token);
  return identity && withAuthenticated(identity.user, identity.groups);
}

const withAuthenticated = (user: string, groups: readonly string[]): Identity => ({
  user,
  groups: [...groups, 'system:authenticated'],
});
