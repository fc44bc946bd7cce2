import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import {
  certificates,
  connectTo,
  type LoopbackApi,
  startLoopbackApi,
} from '../../test/support/loopback-api.ts';
import { AppError } from '../base/app-error.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { Secret } from '../base/secret.ts';
import { OidcCredentials } from './oidc.ts';
import type { OidcRefresh } from './oidc-refresh.ts';
import { storeOidcTokens } from './oidc-store.ts';

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: Record<string, unknown>) => `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`;

describe('an id token', () => {
  const clock = new FakeClock();
  const endsIn = (ms: number) => jwt({ exp: (clock.wallMs() + ms) / 1000 });

  function credentials(config: Record<string, string>, refresh: OidcRefresh) {
    const secrets = Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, new Secret(value)]),
    );
    const provider = { name: 'oidc', config: secrets };
    return new OidcCredentials({
      provider,
      user: 'me',
      path: '/nowhere/config',
      clock,
      refresh,
      onStoreFailed: () => {},
    });
  }

  it('serves until 10 s before its end, then is renewed once for all who wait', async () => {
    const first = endsIn(60_000);
    const second = endsIn(600_000);
    let refreshed = 0;
    const oidc = credentials(
      { 'id-token': first, 'refresh-token': 'r1', 'client-id': 'c', 'idp-issuer-url': 'https://idp' },
      async ({ refreshToken }) => {
        refreshed++;
        expect(refreshToken.reveal()).toBe('r1');
        return { idToken: new Secret(second), refreshToken: undefined };
      },
    );
    const token = async () => (await oidc.current()).authorization?.reveal();
    clock.advance(49_999);
    expect(await token()).toBe(`Bearer ${first}`);
    clock.advance(1);
    expect(await Promise.all([token(), token()])).toEqual([`Bearer ${second}`, `Bearer ${second}`]);
    expect(refreshed).toBe(1);
    oidc.discard(await oidc.current());
    await token();
    expect(refreshed).toBe(2);
  });

  it('that cannot be renewed asks for a log-in', async () => {
    const ended = { 'id-token': endsIn(-1), 'client-id': 'c', 'idp-issuer-url': 'https://idp' };
    const refuses = async () => Promise.reject(new AppError('SP-LOGIN-REQUIRED', { why: 'invalid_grant' }));
    for (const config of [ended, { ...ended, 'refresh-token': 'r' }, { 'id-token': 'no.jwt' }]) {
      await expect(credentials(config, refuses).current()).rejects.toMatchObject({
        code: 'SP-LOGIN-REQUIRED',
        details: { user: 'me' },
      });
    }
  });
});

interface Grant {
  readonly authorization: string | undefined;
  readonly form: Record<string, string>;
}

/** An identity provider: discovery, and new tokens for each grant that `accepts` takes. */
async function startProvider(accepts: (grant: Grant) => boolean = () => true) {
  const grants: Grant[] = [];
  const provider: LoopbackApi = await startLoopbackApi({
    onRequest: (request, response) => {
      const json = (status: number, value: unknown) =>
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
      if (request.url === '/realm/.well-known/openid-configuration') {
        return json(200, {
          issuer: `${provider.url}/realm`,
          token_endpoint: `${provider.url}/realm/token?v=1`,
        });
      }
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const form = Object.fromEntries(new URLSearchParams(body));
        const grant = { authorization: request.headers.authorization, form };
        grants.push(grant);
        if (!accepts(grant)) return json(401, { error: 'invalid_client' });
        const exp = Date.now() / 1000 + 3600;
        json(200, { id_token: jwt({ exp, grant: grants.length }), refresh_token: `r${grants.length + 1}` });
      });
    },
  });
  return { provider, grants };
}

async function userOf(provider: LoopbackApi, config: Record<string, string> = {}) {
  const server = await startLoopbackApi();
  await writeFile(join(server.folder, 'idp.crt'), certificates.ca);
  const path = await server.kubeconfig({
    user: {
      'auth-provider': {
        name: 'oidc',
        config: {
          'client-id': 'sally port',
          'idp-issuer-url': `${provider.url}/realm`,
          'idp-certificate-authority': 'idp.crt',
          'id-token': jwt({ exp: 1 }),
          'refresh-token': 'r1',
          ...config,
        },
      },
    },
  });
  const lines: string[] = [];
  const log = createLog('debug', (line) => lines.push(line));
  const api = await connectTo(path, { clock: systemClock, log });
  return { api, server, path, lines };
}

describe('an identity provider', () => {
  it('gives a new id token, whose refresh token is stored for kubectl', async () => {
    const { provider, grants } = await startProvider();
    const { api, server, path, lines } = await userOf(provider);
    await api.request({ path: '/1' });
    await api.request({ path: '/2' });
    expect(grants).toEqual([
      {
        authorization: undefined,
        form: { grant_type: 'refresh_token', refresh_token: 'r1', client_id: 'sally port' },
      },
    ]);
    const [first, second] = server.seen.map(({ headers }) => headers.authorization);
    expect(first).toMatch(/^Bearer e/);
    expect(second).toBe(first);
    const written = await readFile(path, 'utf8');
    expect(written).toContain('"r2"');
    expect(written).toContain(first!.slice('Bearer '.length));
    expect(lines.join()).not.toMatch(/r1|r2|eyJ/);
  });

  it('is told the secret of the client in the header, else in the form', async () => {
    const { provider, grants } = await startProvider(({ form }) => form.client_secret === 's:x');
    const { api } = await userOf(provider, { 'client-secret': 's:x' });
    await api.request({ path: '/' });
    expect(grants.map(({ authorization }) => authorization)).toEqual([
      `Basic ${Buffer.from('sally+port:s%3Ax').toString('base64')}`,
      undefined,
    ]);
  });

  it('that refuses asks for a log-in; one that is away is tried again', async () => {
    const refusing = await startProvider(() => false);
    const { api } = await userOf(refusing.provider);
    await expect(api.request({ path: '/' })).rejects.toMatchObject({
      code: 'SP-LOGIN-REQUIRED',
      details: { user: 'one', why: 'the identity provider did not renew the token: invalid_client' },
    });
    const { api: cut } = await userOf(refusing.provider, { 'idp-issuer-url': 'https://127.0.0.1:1' });
    await expect(cut.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
  });
});

describe('storing tokens', () => {
  const tokens = { user: 'me', idToken: new Secret('NEW'), refreshToken: new Secret('R') };
  const config = `# mine
users:
- name: other
  user: {token: keep}
- name: me
  user:
    auth-provider:
      name: oidc
      config:
        # of the company
        id-token: OLD
`;

  it('changes the two values alone', async () => {
    const { folder } = await startLoopbackApi();
    const path = join(folder, 'config');
    await writeFile(path, config, { mode: 0o600 });
    await storeOidcTokens({ path, ...tokens });
    expect(await readFile(path, 'utf8')).toBe(config.replace('OLD', 'NEW\n        refresh-token: R'));
  });

  it('leaves the file alone while kubectl holds its lock, or where the user is gone', async () => {
    const { folder } = await startLoopbackApi();
    const path = join(folder, 'config');
    await writeFile(path, config);
    await expect(storeOidcTokens({ path, ...tokens, user: 'gone' })).rejects.toThrow('no longer');
    await writeFile(`${path}.lock`, '');
    await expect(storeOidcTokens({ path, ...tokens })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readFile(path, 'utf8')).toBe(config);
  });
});
