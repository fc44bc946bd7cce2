import { timingSafeEqual } from 'node:crypto';
import {
  attributes,
  bindingType,
  fromBase64,
  hmac,
  isNonce,
  keyBytes,
  newNonce,
  type ScramMechanism,
  type ScramVerifier,
  scramPlus,
  sha256,
  xor,
} from './scram.ts';

/**
 * The server's half of one SCRAM exchange. Trust boundary: both messages come from a program that has proved nothing yet. Whatever is wrong
 * with a proof takes the same path and the same time as a wrong password.
 */
export class ScramServer {
  readonly #options: ScramServerOptions;
  #exchange: { readonly header: string; readonly nonce: string; readonly begun: string } | undefined;

  constructor(options: ScramServerOptions) {
    this.#options = options;
  }

  /** Takes client-first-message, gives server-first-message; undefined: it is malformed, and the exchange over. */
  first(text: string): string | undefined {
    const { verifier, mechanism, binding, nonce = newNonce() } = this.#options;
    const match = /^(n|y|p=([a-z0-9.-]+)),,(.*)$/s.exec(text);
    if (!match) return undefined;
    const [, flag, type, bare = ''] = match;
    if (mechanism === scramPlus ? type !== bindingType : flag !== 'n' && flag !== 'y') return undefined;
    // It could bind and believes that we cannot, though we offered it: somebody in between has taken the offer away.
    if (flag === 'y' && binding) return undefined;
    // The name in it is ignored, as PostgreSQL does: that of the startup packet counts. Extensions (m=) are for others.
    const [name, clientNonce] = attributes(bare) ?? [];
    if (name?.[0] !== 'n' || clientNonce?.[0] !== 'r' || !isNonce(clientNonce[1])) return undefined;
    const whole = clientNonce[1] + nonce;
    const answer = `r=${whole},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`;
    this.#exchange = { header: `${flag},,`, nonce: whole, begun: `${bare},${answer}` };
    return answer;
  }

  /** Takes client-final-message. The proof is compared in constant time. */
  final(text: string): ScramVerdict {
    const { verifier, mechanism, binding } = this.#options;
    const exchange = this.#exchange;
    const match = /^(c=([^,]+),r=([^,]+)(?:,[^p,][^,]*)*),p=([^,]+)$/s.exec(text);
    const proof = match && fromBase64(match[4] ?? '');
    if (!exchange || !match || proof?.length !== keyBytes) return { kind: 'malformed' };
    const [, withoutProof, channel, nonce] = match;
    const bound = mechanism === scramPlus && binding ? binding : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(exchange.header), bound]).toString('base64');
    if (nonce !== exchange.nonce || channel !== expected) return { kind: 'malformed' };
    const signed = `${exchange.begun},${withoutProof}`;
    const clientKey = xor(proof, hmac(verifier.storedKey, signed));
    if (!timingSafeEqual(sha256(clientKey), verifier.storedKey)) return { kind: 'wrong-password' };
    return { kind: 'accepted', final: `v=${hmac(verifier.serverKey, signed).toString('base64')}` };
  }
}

export interface ScramServerOptions {
  readonly verifier: ScramVerifier;
  /** What the client chose among those offered. */
  readonly mechanism: ScramMechanism;
  /** Of our own certificate, where TLS is on: then -PLUS was offered. */
  readonly binding: Buffer | undefined;
  /** Default: random. */
  readonly nonce?: string;
}

export type ScramVerdict =
  | { readonly kind: 'accepted'; readonly final: string }
  | { readonly kind: 'wrong-password' }
  | { readonly kind: 'malformed' };
