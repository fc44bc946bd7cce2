/**
 * Exchanges an OIDC refresh token, as kubectl's `oidc` auth-provider does (OpenID Connect Discovery, RFC 6749 section 6). Own code, since
 * @kubernetes/client-node 2.0 cannot: it passes its issuer in a form that openid-client refuses, and never sends the client's secret.
 */
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import { Connector } from './connector.ts';
import { basic } from './credentials.ts';
import { Deadline, maxErrorBodyBytes, readBody, send } from './http-exchange.ts';
import { chooseProxy } from './proxy.ts';
import { classifyNetworkError } from './status-error.ts';

const timeoutMs = 30_000;

interface OidcTokens {
  readonly idToken: Secret;
  readonly refreshToken: Secret | undefined;
}

interface OidcGrant {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly refreshToken: Secret;
}

/** Exchanges a refresh token. Rejects with SP-LOGIN-REQUIRED when the provider refuses, SP-API-* when it cannot be asked. */
export type OidcRefresh = (grant: OidcGrant) => Promise<OidcTokens>;

export interface ProviderAccess {
  /** PEM; undefined means the system's authorities. */
  readonly certificateAuthority: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export function oidcRefresh(access: ProviderAccess): OidcRefresh {
  return async ({ issuer, clientId, clientSecret, refreshToken }) => {
    const discovery = secureUrl(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
    const endpoint = secureUrl((await exchange(access, discovery)).value.token_endpoint);
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken.reveal() };
    const inForm = {
      ...form,
      client_id: clientId,
      ...(clientSecret && { client_secret: clientSecret.reveal() }),
    };
    const encoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
    let answer = clientSecret
      ? await exchange(access, endpoint, {
          form,
          authorization: basic(encoded(clientId), encoded(clientSecret.reveal())),
        })
      : await exchange(access, endpoint, { form: inForm });
    // Which of its two ways to name the client a provider takes is not told: like Go's client, try the header, then the form.
    if (answer.status !== 200 && clientSecret) answer = await exchange(access, endpoint, { form: inForm });
    const { id_token: idToken, refresh_token: rotated, error } = answer.value;
    if (answer.status !== 200 || typeof idToken !== 'string') {
      const reason = typeof error === 'string' ? error.slice(0, 100) : `HTTP ${answer.status}`;
      throw new AppError('SP-LOGIN-REQUIRED', {
        why: `the identity provider did not renew the token: ${reason}`,
      });
    }
    return {
      idToken: new Secret(idToken),
      refreshToken: typeof rotated === 'string' && rotated !== '' ? new Secret(rotated) : undefined,
    };
  };
}

function secureUrl(text: unknown): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url?.protocol === 'https:') return url;
  throw new AppError('SP-KUBECONFIG-INVALID', { message: 'the identity provider is not an https URL' });
}

/** A GET, or a POST of the form. Gives the JSON object of the answer, whatever its status. */
async function exchange(
  { certificateAuthority, env, clock, signal }: ProviderAccess,
  url: URL,
  post?: { readonly form: Record<string, string>; readonly authorization?: Secret },
): Promise<{ readonly status: number; readonly value: Readonly<Record<string, unknown>> }> {
  const connector = new Connector({
    server: url,
    certificateAuthority,
    tlsServerName: undefined,
    insecureSkipTlsVerify: false,
    proxy: chooseProxy(url, { env }),
    user: '',
    loginHint: undefined,
    clock,
  });
  using deadline = new Deadline({ clock, server: url.origin, timeoutMs, signal });
  try {
    const answer = await send({
      agent: connector.agent({}),
      method: post ? 'POST' : 'GET',
      path: url.pathname + url.search,
      headers: {
        Host: url.host,
        Accept: 'application/json',
        ...(post && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(post?.authorization && { Authorization: post.authorization.reveal() }),
      },
      body: post && new URLSearchParams(post.form).toString(),
      signal: deadline.signal,
    });
    if (answer.kind === 'upgraded')
      throw new AppError('SP-API-ERROR', { message: 'not the answer asked for' });
    const value: unknown = JSON.parse(await readBody(answer.response, maxErrorBodyBytes));
    if (typeof value !== 'object' || value === null) throw new SyntaxError('not an object');
    return { status: answer.response.statusCode ?? 0, value: { ...value } };
  } catch (error) {
    deadline.signal.throwIfAborted();
    if (error instanceof SyntaxError) {
      throw new AppError('SP-API-ERROR', { message: `${url.origin} did not answer with JSON` }, error);
    }
    throw classifyNetworkError(error, { server: url.origin });
  } finally {
    connector.destroy();
  }
}
