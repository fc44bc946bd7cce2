import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AppError } from '../base/app-error.ts';
import { whyNotPrivate } from '../base/file-owner.ts';
import { expandHome } from '../base/home-path.ts';
import type { Log } from '../base/log.ts';
import { type BoundedText, readBounded } from '../base/read-bounded.ts';
import { Secret } from '../base/secret.ts';
import type { AuditedSecret } from '../contract/audit-event.ts';
import type { Profile } from '../contract/profile.ts';
import type { ClientCertificate } from '../postgres/upstream-tls.ts';
import type { ClusterPool } from './cluster-pool.ts';
import { mayStart, type PasswordsOptions } from './passwords.ts';
import { recordedRead } from './recorded-read.ts';
import { readSecret } from './secret-data.ts';
import { maxCertificatesBytes, readSecretCertificates } from './secret-password.ts';
import { isOthers, type TunnelDefinition } from './tunnel-definition.ts';

export interface CertificatesOptions extends Pick<PasswordsOptions, 'contextOf' | 'onRead'> {
  readonly log: Log;
  readonly home: string;
  readonly clusters: Pick<ClusterPool, 'lease'>;
}

type Source = NonNullable<NonNullable<Profile['connection']>['certificate']>;
type SecretSource = Extract<Source, { secret: unknown }>['secret'];
type FilesSource = Extract<Source, { files: unknown }>['files'];

/** An RSA key of 16,384 bits has 13 KiB. */
const maxKeyBytes = 64 * 1024;

/**
 * The certificates that profiles name: the CA of a database's server, and what a gateway logs in with there. Trust boundary as of passwords: only a
 * profile that may start has them read, and only one of the user's own file names files of this machine. A private key is in the Secret type
 * from its reading on, and in no error.
 */
export class Certificates {
  readonly #options: CertificatesOptions;

  constructor(options: CertificatesOptions) {
    this.#options = options;
  }

  /** The CA, PEM. Rejects with why the profile may not start, SP-SECRET-*, SP-FORBIDDEN, SP-DB-TLS, SP-PROFILE-INVALID. */
  async authority(definition: TunnelDefinition, signal: AbortSignal): Promise<string | undefined> {
    mayStart(definition);
    const { profile } = definition;
    const { ca } = profile.connection ?? {};
    if (!ca) return undefined;
    if ('secret' in ca) {
      using lease = await this.#lease(definition);
      const at = { namespace: profile.namespace ?? lease.api.namespace, ...ca.secret };
      return await this.#recorded(definition, { kind: 'kubernetes', ...at }, () =>
        readSecretCertificates(lease.api, at, signal),
      );
    }
    if (isOthers(definition)) throw notOwn();
    const path = expandHome(ca.file, this.#options.home);
    return textOf(path, await readBounded(path, maxCertificatesBytes));
  }

  /** What the gateway logs in with, of which certificate and key belong together. Rejects as `authority`. */
  async client(definition: TunnelDefinition, signal: AbortSignal): Promise<ClientCertificate | undefined> {
    mayStart(definition);
    const { certificate: source } = definition.profile.connection ?? {};
    if (!source) return undefined;
    return 'secret' in source
      ? this.#inSecret(definition, source.secret, signal)
      : this.#inFiles(definition, source.files);
  }

  async #inSecret(definition: TunnelDefinition, source: SecretSource, signal: AbortSignal) {
    using lease = await this.#lease(definition);
    const { name, certificate = 'tls.crt', key = 'tls.key' } = source;
    const at = { namespace: definition.profile.namespace ?? lease.api.namespace, name };
    return await this.#recorded(definition, { kind: 'kubernetes', ...at, key }, async () => {
      const data = await readSecret(lease.api, at, signal);
      const chain = data.text(certificate, { maxBytes: maxCertificatesBytes, what: 'certificates' });
      const text = new Secret(data.text(key, { maxBytes: maxKeyBytes, what: 'a private key' }));
      const keys = { certificate, key };
      return matching({ chain, key: text }, (part, what) => data.refused(keys[part], what));
    });
  }

  async #inFiles(definition: TunnelDefinition, files: FilesSource) {
    const { origin } = definition;
    if (origin.kind !== 'profile' || origin.sourceKind !== 'user') throw notOwn();
    const { home } = this.#options;
    const paths = { certificate: expandHome(files.certificate, home), key: expandHome(files.key, home) };
    return this.#recorded(definition, { kind: 'file', path: paths.key }, async () => {
      const chain = textOf(paths.certificate, await readBounded(paths.certificate, maxCertificatesBytes));
      const text = new Secret(textOf(paths.key, await readBounded(paths.key, maxKeyBytes, whyNotPrivate)));
      return matching({ chain, key: text }, (part, what) => unusable(`${paths[part]} holds ${what}`));
    });
  }

  async #recorded<T>(
    definition: TunnelDefinition,
    secret: AuditedSecret,
    read: () => Promise<T>,
  ): Promise<T> {
    const { log, onRead } = this.#options;
    const found = await recordedRead({ definition, secret, onRead }, read);
    log.info('certificates read', { tunnel: definition.id, ...secret });
    return found;
  }

  async #lease(definition: TunnelDefinition) {
    const { clusters, contextOf } = this.#options;
    return clusters.lease(await contextOf(definition), () => false);
  }
}

/** `refused`: what is thrown where a part is `what`. Without what OpenSSL says, which knows what it read. */
function matching(
  found: ClientCertificate,
  refused: (part: 'certificate' | 'key', what: string) => AppError,
): ClientCertificate {
  let leaf: X509Certificate;
  let key: KeyObject;
  try {
    leaf = new X509Certificate(found.chain);
  } catch {
    throw refused('certificate', 'no PEM certificate');
  }
  try {
    key = createPrivateKey(found.key.reveal());
  } catch {
    throw refused('key', 'no PEM private key that opens without a passphrase');
  }
  if (!leaf.checkPrivateKey(key)) throw refused('key', 'the private key of another certificate');
  return found;
}

function textOf(path: string, read: BoundedText): string {
  if (read.kind === 'text') return read.text;
  throw unusable(`${path} ${read.kind === 'refused' ? read.why : 'does not exist'}`);
}

function unusable(message: string): AppError {
  return new AppError('SP-DB-TLS', { message });
}

function notOwn(): AppError {
  return new AppError('SP-PROFILE-INVALID', { message: 'only a profile of your own file may name a file' });
}
