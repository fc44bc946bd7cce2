/**
 * The `oidc` auth-provider: an id token that is renewed with a refresh token. What is renewed is written back into the kubeconfig.
 */
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Secret } from '../base/secret.ts';
import type { ErrorDetails } from '../contract/error-codes.ts';
import { bearer, type Credential, type Credentials } from './credentials.ts';
import type { AuthProviderEntry } from './kubeconfig-file.ts';
import type { OidcRefresh } from './oidc-refresh.ts';
import type { StoredTokens } from './oidc-store.ts';

/** kubectl renews 10 s before the end as well. */
const earlyMs = 10_000;

export interface OidcOptions {
  readonly provider: AuthProviderEntry;
  readonly user: string;
  /** The kubeconfig with the user's entry: new tokens are written there, because providers that rotate refresh tokens void the old one. */
  readonly path: string;
  readonly clock: Clock;
  readonly refresh: OidcRefresh;
  readonly onStoreFailed: (error: unknown) => void;
}

export class OidcCredentials implements Credentials {
  readonly loginHint = 'log in again with the tool that wrote the oidc user of the kubeconfig';
  readonly #options: OidcOptions;
  #config: Readonly<Record<string, Secret>>;
  #credential: Credential | undefined;
  #run: Promise<Credential> | undefined;

  constructor(options: OidcOptions) {
    this.#options = options;
    this.#config = options.provider.config;
    const idToken = this.#config['id-token'];
    if (idToken) this.#credential = { authorization: bearer(idToken.reveal()) };
  }

  get atHand(): boolean {
    const idToken = this.#config['id-token'];
    const expiresAtMs = idToken ? expiresAt(idToken.reveal()) : 0;
    return this.#credential !== undefined && this.#options.clock.wallMs() < expiresAtMs - earlyMs;
  }

  async current(): Promise<Credential> {
    if (this.#credential && this.atHand) return this.#credential;
    this.#run ??= this.#renew().finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  discard(rejected: Credential): void {
    if (this.#credential === rejected) this.#credential = undefined;
  }

  async #renew(): Promise<Credential> {
    const { user, path, refresh, onStoreFailed } = this.#options;
    const login = (details: ErrorDetails, cause?: unknown) =>
      new AppError('SP-LOGIN-REQUIRED', { ...details, user, next: this.loginHint }, cause);
    const {
      'refresh-token': old,
      'idp-issuer-url': issuer,
      'client-id': clientId,
      'client-secret': clientSecret,
    } = this.#config;
    if (!old || !issuer || !clientId) {
      throw login({ why: 'the id token has ended and there is no refresh token to renew it with' });
    }
    const tokens = await refresh({
      issuer: issuer.reveal(),
      clientId: clientId.reveal(),
      clientSecret,
      refreshToken: old,
    }).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'SP-LOGIN-REQUIRED'
        ? login(error.details, error)
        : error;
    });
    const { idToken, refreshToken = old } = tokens;
    this.#config = { ...this.#config, 'id-token': idToken, 'refresh-token': refreshToken };
    this.#credential = { authorization: bearer(idToken.reveal()) };
    await store({ path, user, idToken, refreshToken }).catch(onStoreFailed);
    return this.#credential;
  }
}

/** The end of a JWT's life, ms; 0 where it cannot be read. */
function expiresAt(token: string): number {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { exp } = payload as { readonly exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : 0;
  } catch {
    return 0;
  }
}

/** Loads the YAML parser only now. */
async function store(tokens: StoredTokens): Promise<void> {
  const { storeOidcTokens } = await import('./oidc-store.ts');
  await storeOidcTokens(tokens);
}
