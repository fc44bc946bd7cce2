import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { connectTo, startLoopbackApi } from '../../test/support/loopback-api.ts';
import { connectProxy, listen, onward, socksProxy } from '../../test/support/loopback-proxies.ts';
import { issueCertificates } from '../sandbox/certificates.ts';

/** A KubeApi whose server is reached by a name that only the proxy knows. */
async function through(
  proxyUrl: string,
  more: { readonly clock?: FakeClock; readonly server?: string } = {},
) {
  const server = await startLoopbackApi();
  const kubeconfig = await server.kubeconfig({
    cluster: { server: more.server ?? `https://api.test:${server.port}`, 'proxy-url': proxyUrl },
    user: { token: 'for-the-api-server' },
  });
  const api = await connectTo(kubeconfig, { clock: more.clock ?? new FakeClock() });
  return { api, server };
}

describe('through a proxy', () => {
  it.each([
    ['http', false],
    ['https', true],
  ])('%s CONNECT reaches the server, and the proxy sees none of its credentials', async (protocol, tls) => {
    const proxy = await connectProxy({ tls, user: 'me:a b' });
    const { api, server } = await through(`${protocol}://me:a%20b@127.0.0.1:${proxy.port}`);
    await api.request({ path: '/version' });
    await api.request({ path: '/version' });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer for-the-api-server',
      'Bearer for-the-api-server',
    ]);
    expect(proxy.seen).toEqual({
      tunnels: [`api.test:${server.port}`],
      authorization: [`Basic ${Buffer.from('me:a b').toString('base64')}`],
    });
  });

  it('SOCKS5 reaches the server by the name that the proxy resolves', async () => {
    const proxy = await socksProxy();
    const { api, server } = await through(`socks5://127.0.0.1:${proxy.port}`);
    await api.request({ path: '/version' });
    expect(server.seen).toHaveLength(1);
    expect(proxy.seen.tunnels).toEqual([`api.test:${server.port}`]);
  });

  it('SOCKS5 with user and password', async () => {
    const proxy = await socksProxy({ user: 'me:secret' });
    const { api } = await through(`socks5h://me:secret@127.0.0.1:${proxy.port}`);
    await api.request({ path: '/version' });
    expect(proxy.seen.authorization).toEqual(['me:secret']);
  });

  it('names the default port to the proxy, and as Go does not to the server', async () => {
    const hosts: (string | undefined)[] = [];
    const server = createHttpServer((request, response) => {
      hosts.push(request.headers.host);
      response.end('{}');
    });
    const port = await listen(server);
    const asked: (string | undefined)[] = [];
    const proxy = createHttpServer().on('connect', ({ url }, socket: Socket) => {
      asked.push(url);
      onward(socket, port, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    });
    const { api } = await through(`http://127.0.0.1:${await listen(proxy)}`, { server: 'http://api.test' });
    await api.request({ path: '/version' });
    expect(asked).toEqual(['api.test:80']);
    expect(hosts).toEqual(['api.test']);
  });

  it('HTTPS_PROXY is used where there is no proxy-url', async () => {
    const proxy = await connectProxy();
    const server = await startLoopbackApi();
    const kubeconfig = await server.kubeconfig({ cluster: { server: `https://api.test:${server.port}` } });
    const api = await connectTo(kubeconfig, { env: { HTTPS_PROXY: `127.0.0.1:${proxy.port}` } });
    await api.request({ path: '/version' });
    expect(proxy.seen.tunnels).toHaveLength(1);
  });
});

describe('a proxy that refuses', () => {
  const refusal = async (proxyUrl: string) => {
    const { api } = await through(proxyUrl);
    return api.request({ path: '/version' }).catch((error: unknown) => error);
  };

  it('CONNECT: keeps the status and never shows the password', async () => {
    const proxy = await connectProxy({ answer: 'HTTP/1.1 403 Not for you\r\nContent-Length: 0\r\n\r\n' });
    const error = await refusal(`http://me:secret@127.0.0.1:${proxy.port}`);
    expect(error).toMatchObject({
      code: 'SP-API-PROXY',
      details: { proxy: `http://127.0.0.1:${proxy.port}`, status: 403, message: '403 Not for you' },
    });
    expect(JSON.stringify(error)).not.toContain('secret');
  });

  it('CONNECT: asks for a password', async () => {
    const proxy = await connectProxy({ user: 'me:secret' });
    expect(await refusal(`http://127.0.0.1:${proxy.port}`)).toMatchObject({
      details: { message: 'it asks for a user and a password' },
    });
  });

  it.each([
    ['SOCKS5: a reply', { reply: 5 }, 'socks5://', 'connection refused'],
    ['SOCKS5: an unknown reply', { reply: 99 }, 'socks5://', 'SOCKS5 reply 99'],
    ['SOCKS5: no password', { user: 'a:b' }, 'socks5://', 'it asks for a user and a password'],
    [
      'SOCKS5: a wrong password',
      { user: 'a:b' },
      'socks5://a:c@',
      'it does not accept the user or the password',
    ],
  ])('%s', async (_what, options, prefix, message) => {
    const proxy = await socksProxy(options);
    expect(await refusal(`${prefix}127.0.0.1:${proxy.port}`)).toMatchObject({
      code: 'SP-API-PROXY',
      details: { message },
    });
  });

  it('closes at once', async () => {
    const port = await listen(createServer((socket) => socket.destroy()));
    const message = 'it closed the connection';
    expect(await refusal(`socks5://127.0.0.1:${port}`)).toMatchObject({
      code: 'SP-API-PROXY',
      details: { message },
    });
    expect(await refusal(`http://127.0.0.1:${port}`)).toMatchObject({
      code: 'SP-API-PROXY',
      details: { message },
    });
  });

  it('is not there, or has a certificate of nobody we know', async () => {
    const gone = createServer();
    const port = await listen(gone);
    gone.close();
    const message = 'connection refused';
    expect(await refusal(`http://127.0.0.1:${port}`)).toMatchObject({
      code: 'SP-API-PROXY',
      details: { message },
    });
    const stranger = createHttpsServer(issueCertificates(['127.0.0.1']).server);
    const error = await refusal(`https://127.0.0.1:${await listen(stranger)}`);
    expect(error).toMatchObject({ code: 'SP-API-PROXY', cause: { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } });
  });

  it('over TLS is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says: it may be told a password', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const told: string[] = [];
    const stranger = createHttpsServer(issueCertificates(['127.0.0.1']).server);
    stranger.on('connect', (request, socket) => {
      told.push(request.headers['proxy-authorization'] ?? '');
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    expect(await refusal(`https://me:secret@127.0.0.1:${await listen(stranger)}`)).toMatchObject({
      code: 'SP-API-PROXY',
    });
    expect(told).toEqual([]);
  });

  it.each(['http', 'socks5', 'https'])('%s: says nothing, and is given up after 10 s', async (protocol) => {
    const clock = new FakeClock();
    const silent = createServer((socket) => socket.resume());
    const port = await listen(silent);
    const { api } = await through(`${protocol}://127.0.0.1:${port}`, { clock });
    const connected = once(silent, 'connection');
    const request = api.request({ path: '/version' });
    request.catch(() => {});
    await connected;
    clock.advance(10_000);
    await expect(request).rejects.toMatchObject({
      code: 'SP-API-UNREACHABLE',
      details: { message: 'no connection within 10 s' },
    });
  });
});
