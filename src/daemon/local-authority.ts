import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { Secret } from '../base/secret.ts';
import {
  authorityExtensions,
  distinguishedName,
  type KeyPair,
  leafExtensions,
  newKeyPair,
  permittedNames,
  signCertificate,
  subjectAltName,
} from '../certificate/certificate.ts';
import { LocalTls } from '../postgres/local-tls.ts';
import { isLoopback } from '../profile/local-address.ts';
import type { Kept, Keychain, KeychainEntry } from '../secret/keychain.ts';

const entry: KeychainEntry = { service: 'sallyport', account: 'local-authority-key' };
const commonName = 'Sallyport local tunnels';
const dayMs = 86_400_000;
/** A clock that is set back a little still finds valid what was made now. */
const earlierMs = 3_600_000;
const authorityMs = 3_650 * dayMs;
/** A new certificate by the same key, in time for who has the old one to take the new one. */
const authorityRenewMs = 365 * dayMs;
const leafMs = 7 * dayMs;
const leafRenewMs = leafMs / 2;
const maxCertificateBytes = 16 * 1024;
/** Sets of names, one for each address that a tunnel listens on besides those of localhost. */
const maxLeaves = 64;

/** Names of every tunnel. */
const localNames = ['localhost', '127.0.0.1', '::1'];

interface Authority {
  readonly keys: KeyPair;
  /** PEM. */
  readonly certificate: string;
  readonly validUntilMs: number;
  readonly kept: Kept;
}

interface Leaf {
  readonly tls: LocalTls;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface LocalAuthorityOptions {
  readonly keychain: Keychain;
  /** Where its certificate stands, for programs that are to trust it. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The certificate authority of this user, for TLS between local programs and gateways. Trust boundary: who has its key could pose as a tunnel towards programs
 * that trust it, and as nothing else: it may sign for this machine's own names alone. Its key is kept like passwords are; those of tunnels are in memory, and
 * good for days. Nothing is made before somebody asks for TLS.
 */
export class LocalAuthority {
  readonly #options: LocalAuthorityOptions;
  #authority: Promise<Authority> | undefined;
  readonly #leaves = new Map<string, Leaf>();

  constructor(options: LocalAuthorityOptions) {
    this.#options = options;
  }

  /** Rejects with SP-KEYCHAIN and SP-PASSPHRASE-REQUIRED, and as the file system does. */
  get(): Promise<Omit<Authority, 'keys'>> {
    return this.#current();
  }

  /** For tunnels that listen on these addresses; of one beyond loopback nothing is certified. Rejects as `get` does. */
  async tlsOf(addresses: readonly string[]): Promise<LocalTls> {
    const names = [...new Set([...localNames, ...addresses.filter(isLoopback)])];
    const key = names.join(' ');
    const nowMs = this.#options.clock.wallMs();
    const known = this.#leaves.get(key);
    if (known && nowMs >= known.fromMs && nowMs < known.untilMs - leafRenewMs) return known.tls;
    const { keys } = await this.#current();
    if (this.#leaves.size >= maxLeaves) this.#leaves.clear();
    const leaf = newLeaf(names, keys, nowMs);
    this.#leaves.set(key, leaf);
    return leaf.tls;
  }

  async #current(): Promise<Authority> {
    const before = this.#authority;
    const known = await before?.catch(() => undefined);
    if (this.#authority !== before) return this.#current();
    if (known && !isDue(known.validUntilMs, this.#options.clock)) return known;
    const loading = this.#load();
    this.#authority = loading;
    loading.catch(() => {
      // A keychain may be opened later.
      if (this.#authority === loading) this.#authority = undefined;
    });
    return loading;
  }

  async #load(): Promise<Authority> {
    const { keychain, file, clock, log } = this.#options;
    const found = await keychain.get(entry);
    const known = found && keyPair(found.secret);
    const keys = known ?? newKeyPair();
    const kept = known && found ? found.kept : await keychain.set(entry, pemOf(keys.privateKey));
    const read = await readBounded(file, maxCertificateBytes);
    const written = read.kind === 'text' ? certificateOf(read.text, keys.publicKey) : undefined;
    if (written && !isDue(written.validToDate.getTime(), clock))
      return {
        keys,
        certificate: written.toString(),
        validUntilMs: written.validToDate.getTime(),
        kept,
      };
    const certificate = authorityCertificate(keys, clock.wallMs());
    await replaceFile(file, certificate);
    const validUntilMs = new X509Certificate(certificate).validToDate.getTime();
    log.info('local certificate authority made', { file, newKey: !known, ...kept });
    return { keys, certificate, validUntilMs, kept };
  }
}

function isDue(validUntilMs: number, clock: Clock): boolean {
  return clock.wallMs() >= validUntilMs - authorityRenewMs;
}

/** It may sign for names of this machine alone, so that to trust it is to trust no more than that. */
function authorityCertificate(keys: KeyPair, nowMs: number): string {
  const subject = distinguishedName(commonName);
  return signCertificate({
    subject,
    issuer: subject,
    key: keys.publicKey,
    signer: keys,
    fromMs: nowMs - earlierMs,
    untilMs: nowMs + authorityMs,
    extensions: [
      ...authorityExtensions(),
      permittedNames({
        dns: ['localhost'],
        networks: [
          { address: '127.0.0.0', prefixBits: 8 },
          { address: '::1', prefixBits: 128 },
        ],
      }),
    ],
  });
}

function newLeaf(names: readonly string[], authority: KeyPair, nowMs: number): Leaf {
  const { publicKey, privateKey } = newKeyPair();
  const fromMs = nowMs - earlierMs;
  const untilMs = nowMs + leafMs;
  const chain = signCertificate({
    subject: distinguishedName('localhost'),
    issuer: distinguishedName(commonName),
    key: publicKey,
    signer: authority,
    fromMs,
    untilMs,
    extensions: [...leafExtensions('server'), subjectAltName(names)],
  });
  return { tls: new LocalTls({ chain, key: pemOf(privateKey) }), fromMs, untilMs };
}

/** Undefined for what is no key of ours, which is as good as nothing. */
function keyPair(secret: Secret): KeyPair | undefined {
  try {
    const privateKey = createPrivateKey(secret.reveal());
    if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    return { privateKey, publicKey: createPublicKey(privateKey) };
  } catch {
    return undefined;
  }
}

/** Undefined where the file holds something else, or the certificate of another key. */
function certificateOf(text: string, key: KeyObject): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(text);
    return certificate.publicKey.equals(key) && certificate.verify(key) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function pemOf(key: KeyObject): Secret {
  return new Secret(key.export({ type: 'pkcs8', format: 'pem' }).toString());
}
