import { createHash } from 'node:crypto';
import { serialize } from 'pg-protocol';
import { AppError } from '../base/app-error.ts';
import type { Secret } from '../base/secret.ts';
import { type CancelKey, message } from './message.ts';
import { ScramClient } from './scram-client.ts';
import type { ScramKeyCache } from './scram-key-cache.ts';
import { readServerError, type ServerError } from './server-error.ts';
import type { SecuredStream } from './upstream-tls.ts';
import { Wire } from './wire.ts';

/**
 * The client's half of a login at the database, with the real credentials, up to its first ReadyForQuery. Trust boundary: the server is whatever
 * listens in the pod. It gets a proof (SCRAM), or a password only as far as `passwordPolicy` says, and is read within limits.
 */

/** How a password may leave. scram-or-verified-tls: for a profile that others wrote, which may lead anywhere. */
export type PasswordPolicy = 'any-hashed' | 'scram-or-verified-tls';

export type LoginMethod =
  | 'scram-sha-256'
  | 'scram-sha-256-plus'
  | 'md5'
  | 'password'
  /** The server asked for nothing: trust, peer, or a client certificate in the TLS handshake. */
  | 'none';

export interface LoginOptions {
  readonly secured: SecuredStream;
  readonly user: string;
  /** Undefined: logs in with the certificate of the TLS handshake, or not at all. */
  readonly password: Secret | undefined;
  readonly passwordPolicy: PasswordPolicy;
  readonly keyCache: ScramKeyCache;
  /**
   * Sent in one write with the last that the login itself has to say: the server answers it after its ReadyForQuery, without another round
   * trip. In one write, because a server that refuses the login closes: bytes that it has not read would turn its last words into a reset.
   */
  readonly question?: Buffer | undefined;
  /** What the pod is called in errors. */
  readonly pod: string;
}

export type Login =
  | {
      readonly kind: 'in';
      readonly wire: Wire;
      readonly method: LoginMethod;
      /** ParameterStatus and NoticeResponse messages as they came. */
      readonly greeting: Buffer;
      readonly parameters: ReadonlyMap<string, string>;
      /** Some poolers give none. */
      readonly cancelKey: CancelKey | undefined;
    }
  /** `raw` is the server's ErrorResponse as it came. */
  | { readonly kind: 'refused'; readonly error: ServerError; readonly raw: Buffer };

const maxMessageBytes = 16 * 1024;
/** A server reports some fifteen settings, and a login trigger may have a few words to say. */
const maxGreetingBytes = 64 * 1024;

/** Goes on from a StartupMessage that has been sent. Rejects with SP-DB-AUTH-UNSUPPORTED, SP-DB-PROTOCOL or the stream's AppError. */
export async function logIn(options: LoginOptions): Promise<Login> {
  const { secured } = options;
  const wire = new Wire(secured.stream, secured.ahead);
  const authentication = new Authentication(options, wire);
  const greeting: Buffer[] = [];
  const parameters = new Map<string, string>();
  let greetingBytes = 0;
  let cancelKey: CancelKey | undefined;
  for (;;) {
    const { type, body } = await wire.readMessage(maxMessageBytes);
    switch (type) {
      case 'E':
        return { kind: 'refused', error: readServerError(body), raw: message('E', body) };
      case 'R':
        await authentication.answer(body);
        break;
      case 'S': {
        const [name = '', value = ''] = body.toString('utf8').split('\0');
        parameters.set(name, value);
        greeting.push(message('S', body));
        break;
      }
      case 'N':
        greeting.push(message('N', body));
        break;
      case 'K':
        if (body.length >= 8)
          cancelKey = { processId: body.readInt32BE(0), key: Buffer.from(body.subarray(4)) };
        break;
      case 'Z': {
        const { method } = authentication;
        if (!method) throw broken('it is ready before it has let us in', options.pod);
        return { kind: 'in', wire, method, greeting: Buffer.concat(greeting), parameters, cancelKey };
      }
      default:
        throw broken(`a message of type ${JSON.stringify(type)} in its login`, options.pod);
    }
    greetingBytes += body.length;
    if (greetingBytes > maxGreetingBytes) throw broken('its login is too long', options.pod);
  }
}

/** The server's authentication requests, in the one order that is allowed. */
class Authentication {
  /** Set once the server has let us in. */
  method: LoginMethod | undefined;
  readonly #options: LoginOptions;
  readonly #wire: Wire;
  #scram: ScramClient | undefined;
  #tried: LoginMethod = 'none';
  #proved = false;
  #asked = false;

  constructor(options: LoginOptions, wire: Wire) {
    this.#options = options;
    this.#wire = wire;
  }

  async answer(body: Buffer): Promise<void> {
    if (body.length < 4 || this.method) throw broken('an authentication request out of turn', this.#pod);
    const data = body.subarray(4);
    const code = body.readInt32BE(0);
    switch (code) {
      case 0:
        if (this.#scram && !this.#proved)
          throw broken('it skips the proof that it knows the password', this.#pod);
        this.method = this.#tried;
        // It asked for nothing, or for a certificate alone.
        if (!this.#asked) this.#last(Buffer.alloc(0));
        return;
      case 3:
        return this.#cleartext();
      case 5:
        return this.#md5(data);
      case 10:
        return this.#beginScram(data);
      case 11: {
        if (!this.#scram) throw broken('SCRAM out of turn', this.#pod);
        const answer = await this.#scram.respond(data.toString());
        return this.#last(serialize.sendSCRAMClientFinalMessage(answer));
      }
      case 12:
        if (!this.#scram) throw broken('SCRAM out of turn', this.#pod);
        this.#scram.verify(data.toString());
        this.#proved = true;
        return;
      default:
        throw this.#unsupported(otherMethods[code] ?? `authentication ${code}`);
    }
  }

  get #pod(): string {
    return this.#options.pod;
  }

  #begin(method: LoginMethod): Secret {
    const { password, user } = this.#options;
    if (this.#tried !== 'none') throw broken('a second authentication request', this.#pod);
    this.#tried = method;
    if (!password)
      throw new AppError('SP-DB-NO-CREDENTIALS', { message: `the database asks for one for role ${user}` });
    return password;
  }

  /** Like the password itself on the wire, so only where the certificate says who reads it. */
  #cleartext(): void {
    const password = this.#begin('password');
    if (!this.#options.secured.verified)
      throw this.#unsupported('the password in clear text', 'sslmode verify-ca or verify-full allows it');
    this.#last(serialize.password(password.reveal()));
  }

  #md5(salt: Buffer): void {
    const password = this.#begin('md5');
    if (salt.length !== 4) throw broken('an md5 salt of another length', this.#pod);
    const { passwordPolicy, secured, user } = this.#options;
    if (passwordPolicy === 'scram-or-verified-tls' && !secured.verified)
      throw this.#unsupported(
        'md5',
        'a profile that others wrote sends its password by SCRAM or over verified TLS alone: have pg_hba.conf ask for scram-sha-256, or give the profile sslmode verify-full and a CA',
      );
    const inner = md5(Buffer.from(password.reveal() + user));
    this.#last(serialize.password(`md5${md5(Buffer.concat([Buffer.from(inner, 'latin1'), salt]))}`));
  }

  #beginScram(data: Buffer): void {
    const { secured, keyCache } = this.#options;
    const offered = data.toString('latin1').split('\0').filter(Boolean);
    const password = this.#begin('scram-sha-256');
    const scram = ScramClient.choose({
      offered,
      binding: secured.binding,
      encrypted: secured.encrypted,
      keys: (parameters) => keyCache.keys(password, parameters),
    });
    if (!scram) throw this.#unsupported(`SASL ${offered.join(', ')}`);
    this.#scram = scram;
    if (scram.mechanism === 'SCRAM-SHA-256-PLUS') this.#tried = 'scram-sha-256-plus';
    this.#wire.write(serialize.sendSASLInitialResponseMessage(scram.mechanism, scram.initial));
  }

  #last(proof: Buffer): void {
    const { question } = this.#options;
    this.#asked = true;
    if (question || proof.length > 0) this.#wire.write(question ? Buffer.concat([proof, question]) : proof);
  }

  #unsupported(method: string, next?: string): AppError {
    return new AppError('SP-DB-AUTH-UNSUPPORTED', { method, next });
  }
}

const otherMethods: Readonly<Record<number, string>> = {
  2: 'Kerberos V5',
  6: 'SCM credentials',
  7: 'GSSAPI',
  9: 'SSPI',
};

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

function broken(why: string, pod: string): AppError {
  return new AppError('SP-DB-PROTOCOL', { message: why, pod });
}
