/**
 * The `oidc` auth-provider: an id token that is renewed with a refresh token. @kubernetes/client-node does the exchange with the
 * identity provider and is loaded only then (250 ms); expiry is judged here, as its own count of it is wrong.
 */
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import { bearer, type Credential, type Credentials } from './credentials.ts';
import type { AuthProviderEntry } from './kubeconfig-file.ts';
import { storeOidcTokens } from './oidc-store.ts';

/** kubectl renews 10 s before the end as well. */
const earlyMs = 10_000;

export interface OidcTokens {
  readonly idToken: Secret;
  readonly refreshToken: Secret | undefined;
}

/** Exchanges a refresh token. Rejects when the provider refuses. */
export type OidcRefresh = (config: Readonly<Record<string, string>>) => Promise<OidcTokens>;

export interface OidcOptions {
  readonly provider: AuthProviderEntry;
  readonly user: string;
  /** The kubeconfig with the user's entry: new tokens are written there, because providers that rotate refresh tokens void the old one. */
  readonly path: string;
  readonly clock: Clock;
  readonly refresh?: OidcRefresh;
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

  async current(): Promise<Credential> {
    const idToken = this.#config['id-token'];
    const expiresAtMs = idToken ? expiresAt(idToken.reveal()) : 0;
    if (this.#credential && this.#options.clock.wallMs() < expiresAtMs - earlyMs) return this.#credential;
    this.#run ??= this.#renew().finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  discard(rejected: Credential): void {
    if (this.#credential === rejected) this.#credential = undefined;
  }

  async #renew(): Promise<Credential> {
    const { user, path, refresh = refreshWithClientNode, onStoreFailed } = this.#options;
    const login = (why: string, cause?: unknown) =>
      new AppError('SP-LOGIN-REQUIRED', { user, next: this.loginHint, why }, cause);
    const config = Object.fromEntries(
      Object.entries(this.#config).map(([key, value]) => [key, value.reveal()]),
    );
    if (!config['refresh-token'] || !config['idp-issuer-url'] || !config['client-id']) {
      throw login('the id token has ended and there is no refresh token to renew it with');
    }
    let tokens: OidcTokens;
    try {
      tokens = await refresh(config);
    } catch (error) {
      throw login('the identity provider did not renew the token', error);
    }
    const refreshToken = tokens.refreshToken ?? new Secret(config['refresh-token']);
    this.#config = { ...this.#config, 'id-token': tokens.idToken, 'refresh-token': refreshToken };
    this.#credential = { authorization: bearer(tokens.idToken.reveal()) };
    await storeOidcTokens({ path, user, idToken: tokens.idToken, refreshToken }).catch(onStoreFailed);
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

/** A JWT that ended in 1970: makes client-node refresh whatever it believes about the real one. */
const endedToken = `e30.${Buffer.from('{"exp":1}').toString('base64url')}.x`;

const refreshWithClientNode: OidcRefresh = async (config) => {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const provider = { ...config, 'id-token': endedToken };
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromOptions({
    clusters: [{ name: 'c', server: 'https://cluster.invalid' }],
    users: [{ name: 'u', authProvider: { name: 'oidc', config: provider } }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  await kubeconfig.applyToHTTPSOptions({ headers: {} });
  if (provider['id-token'] === endedToken) throw new Error('the provider sent no id token');
  const refreshToken = (provider as Record<string, string>)['refresh-token'];
  return {
    idToken: new Secret(provider['id-token']),
    refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken),
  };
};
