import { timingSafeEqual } from 'node:crypto';
import { AppError } from '../base/app-error.ts';
import {
  attributes,
  bindingType,
  fromBase64,
  hmac,
  isNonce,
  keyBytes,
  newNonce,
  type ScramKeys,
  type ScramMechanism,
  scram,
  scramPlus,
  xor,
} from './scram.ts';

/** More would keep a thread busy for long at a server's word (these take 0.15 s); PostgreSQL's default is 4,096. */
const maxIterations = 1_000_000;
const maxSaltBytes = 1024;

export interface ScramClientOptions {
  /** What the server offers. */
  readonly offered: readonly string[];
  /** Of the server's certificate, where TLS is on and its binding known. */
  readonly binding: Buffer | undefined;
  readonly encrypted: boolean;
  keys(parameters: { salt: Buffer; iterations: number }): Promise<ScramKeys>;
  /** Default: random. */
  readonly nonce?: string;
}

/**
 * The client's half of one SCRAM exchange. The password never leaves; a server that cannot prove that it knows it too is refused
 * (SP-DB-PROTOCOL), since whoever sits in the pod's place could otherwise pose as the database.
 */
export class ScramClient {
  readonly mechanism: ScramMechanism;
  readonly #options: ScramClientOptions;
  readonly #header: string;
  readonly #bare: string;
  readonly #nonce: string;
  #signature: Buffer | undefined;

  /** Undefined where the server offers no SCRAM. */
  static choose(options: ScramClientOptions): ScramClient | undefined {
    const { offered, binding } = options;
    if (offered.includes(scramPlus) && binding) return new ScramClient(options, scramPlus);
    return offered.includes(scram) ? new ScramClient(options, scram) : undefined;
  }

  private constructor(options: ScramClientOptions, mechanism: ScramMechanism) {
    this.#options = options;
    this.mechanism = mechanism;
    this.#nonce = options.nonce ?? newNonce();
    this.#bare = `n=,r=${this.#nonce}`;
    // y: we could bind and the server does not offer it; the server ends the exchange if it did.
    const plain = options.encrypted && options.binding && !options.offered.includes(scramPlus) ? 'y' : 'n';
    this.#header = `${mechanism === scramPlus ? `p=${bindingType}` : plain},,`;
  }

  get initial(): string {
    return this.#header + this.#bare;
  }

  /** Takes server-first-message, gives client-final-message. */
  async respond(text: string): Promise<string> {
    const [nonce, salt, count] = attributes(text) ?? [];
    const saltValue = salt?.[0] === 's' ? fromBase64(salt[1]) : undefined;
    const iterations = count?.[0] === 'i' && /^[1-9]\d*$/.test(count[1]) ? Number(count[1]) : undefined;
    if (nonce?.[0] !== 'r' || !isNonce(nonce[1]) || !saltValue?.length || !iterations)
      throw broken('its challenge cannot be read');
    if (!nonce[1].startsWith(this.#nonce) || nonce[1].length === this.#nonce.length)
      throw broken('its nonce is not ours with its own');
    if (iterations > maxIterations || saltValue.length > maxSaltBytes)
      throw broken(`it asks for ${iterations} iterations`);
    const keys = await this.#options.keys({ salt: saltValue, iterations });
    const { binding } = this.#options;
    const bound = this.mechanism === scramPlus && binding ? binding : Buffer.alloc(0);
    const channel = Buffer.concat([Buffer.from(this.#header), bound]).toString('base64');
    const withoutProof = `c=${channel},r=${nonce[1]}`;
    const signed = `${this.#bare},${text},${withoutProof}`;
    this.#signature = hmac(keys.serverKey, signed);
    const proof = xor(keys.clientKey, hmac(keys.storedKey, signed));
    return `${withoutProof},p=${proof.toString('base64')}`;
  }

  /** Takes server-final-message: the server's proof. */
  verify(text: string): void {
    const match = /^v=([^,]+)/.exec(text);
    const given = match && fromBase64(match[1] ?? '');
    if (!this.#signature || given?.length !== keyBytes || !timingSafeEqual(given, this.#signature))
      throw broken('it cannot prove that it knows the password');
  }
}

function broken(why: string): AppError {
  return new AppError('SP-DB-PROTOCOL', { message: `SCRAM: ${why}` });
}
