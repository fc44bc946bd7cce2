import { execFile } from 'node:child_process';
import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  base64,
  certificates,
  connectTo,
  execUser,
  startLoopbackApi,
  watch,
} from '../../test/support/loopback-api.ts';
import { systemClock } from '../base/clock.ts';

describe('a kubeconfig that changes', () => {
  it('is read again before the next request, and leaves a request in progress alone', async () => {
    const server = await startLoopbackApi({
      onRequest: ({ url }, response) => (url === '/slow' ? response.write('1\n') : response.end('{}')),
    });
    const other = await startLoopbackApi();
    const path = await server.kubeconfig({ user: { token: 'one' } });
    const api = await connectTo(path);
    const reader = api.lines({ ...watch(), path: '/slow' })[Symbol.asyncIterator]();
    expect((await reader.next()).value).toBe('1');
    const before = api.key;
    await server.kubeconfig({ cluster: { server: other.url }, user: { token: 'two' } });
    await api.request({ path: '/' });
    expect(other.seen[0]?.headers.authorization).toBe('Bearer two');
    expect(api.key).not.toBe(before);
    await reader.return?.();
  });

  it('that means the same keeps connections and credentials', async () => {
    const server = await startLoopbackApi();
    const path = await server.kubeconfig({ user: execUser(server.folder) });
    const api = await connectTo(path);
    await api.request({ path: '/' });
    await appendFile(path, '\n');
    await api.request({ path: '/' });
    expect(server.seen.map(({ headers, connection }) => [headers.authorization, connection])).toEqual([
      ['Bearer t1', 1],
      ['Bearer t1', 1],
    ]);
  });

  it.each([
    ['another server', { cluster: { server: 'https://127.0.0.1:1' } }, 'replaced'],
    ['another user', { user: { token: 'two' } }, 'replaced'],
    ['somebody to impersonate', { user: { token: 'one', as: 'bob' } }, 'replaced'],
    ['nothing new', {}, undefined],
  ] as const)('that now names %s tells so', async (_what, change, told) => {
    const server = await startLoopbackApi();
    const config = { user: { token: 'one' } };
    const api = await connectTo(await server.kubeconfig(config));
    const heard: string[] = [];
    const remove = api.onChange((what) => heard.push(what));
    await server.kubeconfig({ ...config, ...change });
    await api.request({ path: '/' }).catch(() => {});
    expect(heard.find((what) => what === 'replaced')).toBe(told);
    remove();
  });

  it.each([
    ['token', (sub: string, serial: number) => ({ token: jwt({ iss: 'sts', sub, serial }) })],
    ['oidc login', (sub: string, serial: number) => oidcUser(jwt({ iss: 'idp', sub, serial, exp: 9e9 }))],
    ['certificate', (sub: string) => certificateUser(sub)],
  ])('that holds a renewed %s of the same user tells of no other one', async (_what, userOf) => {
    const server = await startLoopbackApi();
    const api = await connectTo(await server.kubeconfig({ user: userOf('alice', 1) }));
    const heard: string[] = [];
    const remove = api.onChange((what) => heard.push(what));
    await server.kubeconfig({ user: userOf('alice', 2) });
    await api.request({ path: '/' });
    expect(heard).not.toContain('replaced');
    await server.kubeconfig({ user: userOf('bob', 3) });
    await api.request({ path: '/' });
    expect(heard).toContain('replaced');
    remove();
  });

  it.skipIf(process.platform === 'win32')(
    'that is a pipe, as in --kubeconfig <(command), is read once: after a 401 the log-in is what is missing',
    async () => {
      const server = await startLoopbackApi({
        onRequest: ({ url }, response) => response.writeHead(url === '/' ? 200 : 401).end('{}'),
      });
      const text = await readFile(await server.kubeconfig({ user: { token: 'one' } }));
      const pipe = join(server.folder, 'pipe');
      await promisify(execFile)('mkfifo', [pipe]);
      const [api] = await Promise.all([connectTo(pipe), writeFile(pipe, text)]);
      await api.request({ path: '/' });
      await expect(api.request({ path: '/refused' })).rejects.toMatchObject({ code: 'SP-LOGIN-REQUIRED' });
    },
  );

  it('that is broken is an error until it is mended', async () => {
    const server = await startLoopbackApi();
    const path = await server.kubeconfig({ user: { token: 'one' } });
    const api = await connectTo(path);
    await writeFile(path, 'users: [');
    await expect(api.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
    await server.kubeconfig({ user: { token: 'two' } });
    await api.request({ path: '/' });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer two']);
  });

  it('wakes those who listen, also for a file that it names and for one that is replaced', async () => {
    const server = await startLoopbackApi();
    await writeFile(join(server.folder, 'token'), 'one');
    const path = await server.kubeconfig({ user: { tokenFile: 'token' } });
    const api = await connectTo(path, { clock: systemClock });
    let heard = Promise.withResolvers<void>();
    const remove = api.onChange(() => heard.resolve());
    await writeFile(join(server.folder, 'token'), 'two');
    await heard.promise;
    heard = Promise.withResolvers<void>();
    await server.kubeconfig({ user: { tokenFile: 'token', as: 'bob' }, name: 'next' });
    await rename(join(server.folder, 'next'), path);
    await heard.promise;
    remove();
  });
});

function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.${part('signed')}`;
}

const oidcUser = (idToken: string) => ({
  'auth-provider': {
    name: 'oidc',
    config: { 'idp-issuer-url': 'https://idp', 'client-id': 'sallyport', 'id-token': idToken },
  },
});

function certificateUser(user: string) {
  const { cert, key } = certificates.issueClient({ user });
  return { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
}
