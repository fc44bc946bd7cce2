import { once } from 'node:events';
import { rename, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  acceptWebSocket,
  base64,
  certificates,
  connectTo,
  execUser,
  startLoopbackApi,
  switching,
  watch,
} from '../../test/support/loopback-api.ts';

const alice = certificates.issueClient({ user: 'alice' });
const aliceData = { 'client-certificate-data': base64(alice.cert), 'client-key-data': base64(alice.key) };

describe('who we are', () => {
  it.each([
    ['a token', { token: 'abc' }, 'Bearer abc'],
    ['user and password', { username: 'me', password: 'pä' }, `Basic ${base64('me:pä')}`],
    ['nothing', {}, undefined],
  ])('%s', async (_what, user, authorization) => {
    const server = await startLoopbackApi();
    await (await connectTo(await server.kubeconfig({ user }))).request({ path: '/version' });
    expect(server.seen[0]?.headers.authorization).toBe(authorization);
    expect(server.seen[0]?.headers['user-agent']).toBe('sallyport/1 (test)');
  });

  it('a client certificate, inline or in files that are read again when they change', async () => {
    const server = await startLoopbackApi();
    await writeFile(join(server.folder, 'tls.crt'), certificates.issueClient({ user: 'bob' }).cert);
    const inline = await connectTo(await server.kubeconfig({ user: aliceData, name: 'inline' }));
    await inline.request({ path: '/' });
    const bob = certificates.issueClient({ user: 'bob' });
    const carol = certificates.issueClient({ user: 'carol' });
    await writeFile(join(server.folder, 'tls.crt'), bob.cert);
    await writeFile(join(server.folder, 'tls.key'), bob.key);
    const user = { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' };
    const api = await connectTo(await server.kubeconfig({ user }));
    await api.request({ path: '/' });
    await writeFile(join(server.folder, 'tls.crt'), carol.cert);
    await writeFile(join(server.folder, 'tls.key'), carol.key);
    await api.request({ path: '/' });
    expect(server.seen.map(({ certificateOf }) => certificateOf)).toEqual(['alice', 'bob', 'carol']);
  });

  it('a token file, which wins over the inline token and is read again when it is replaced', async () => {
    const server = await startLoopbackApi();
    await writeFile(join(server.folder, 'token'), 'one\n');
    const api = await connectTo(await server.kubeconfig({ user: { token: 'inline', tokenFile: 'token' } }));
    await api.request({ path: '/' });
    await writeFile(join(server.folder, 'next'), 'two\n');
    await rename(join(server.folder, 'next'), join(server.folder, 'token'));
    await api.request({ path: '/' });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
  });

  it('impersonation: user, uid, groups and extra, with names that no header may hold', async () => {
    const server = await startLoopbackApi();
    const user = {
      token: 'abc',
      as: 'bøb',
      'as-uid': '7',
      'as-groups': ['admins', 'devs'],
      'as-user-extra': { 'example.org/scopes': ['a', 'b'] },
    };
    await (await connectTo(await server.kubeconfig({ user }))).request({ path: '/' });
    const raw = server.seen[0]?.rawHeaders ?? [];
    const values = (name: string) => raw.filter((_, at) => at % 2 === 1 && raw[at - 1] === name);
    expect(values('Impersonate-User').map((name) => Buffer.from(name, 'latin1').toString())).toEqual(['bøb']);
    expect(values('Impersonate-Uid')).toEqual(['7']);
    expect(values('Impersonate-Group')).toEqual(['admins', 'devs']);
    expect(values('Impersonate-Extra-example.org%2Fscopes')).toEqual(['a', 'b']);
  });

  it('impersonation given by the caller replaces the kubeconfig', async () => {
    const server = await startLoopbackApi();
    const kubeconfig = await server.kubeconfig({ user: { token: 'abc', as: 'bob', 'as-groups': ['x'] } });
    const api = await connectTo(kubeconfig, { impersonate: { user: 'carol' } });
    await api.request({ path: '/' });
    expect(api.key).toBe(`${server.url}/ one as carol`);
    expect(server.seen[0]?.headers).toMatchObject({ 'impersonate-user': 'carol' });
    expect(server.seen[0]?.headers).not.toHaveProperty('impersonate-group');
  });

  it('sends no credentials over plain HTTP, and keeps the path of the server', async () => {
    const seen: IncomingMessage[] = [];
    const server = createHttpServer((request, response) => {
      seen.push(request);
      response.end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/k8s/clusters/c-1/`;
    const api = await connectTo(
      await (await startLoopbackApi()).kubeconfig({
        cluster: { server: url, 'certificate-authority-data': '' },
        user: { token: 'a', as: 'b' },
      }),
    );
    await api.request({ path: '/version' });
    expect(seen[0]?.url).toBe('/k8s/clusters/c-1/version');
    expect(seen[0]?.headers).not.toHaveProperty('authorization');
    expect(seen[0]?.headers).not.toHaveProperty('impersonate-user');
  });

  it.each([
    ['token and password', { token: 'a', username: 'b' }, 'both a token and a password'],
    ['half a certificate', { 'client-key-data': aliceData['client-key-data'] }, 'key but no certificate'],
    ['a missing token file', { tokenFile: 'absent' }, 'it does not exist'],
    ['a token no header can hold', { token: 'a b' }, 'characters that no token has'],
    ['groups without a user', { 'as-groups': ['a'] }, 'need `as`'],
    ['a provider that is no more', { 'auth-provider': { name: 'gcp' } }, 'removed from Kubernetes'],
  ])('refuses %s, as kubectl does', async (_what, user, message) => {
    const kubeconfig = await (await startLoopbackApi()).kubeconfig({ user });
    await expect(connectTo(kubeconfig)).rejects.toMatchObject({
      code: 'SP-KUBECONFIG-INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a key that does not belong to the certificate', async () => {
    const user = { ...aliceData, 'client-key-data': base64(certificates.issueClient({ user: 'b' }).key) };
    const api = await connectTo(await (await startLoopbackApi()).kubeconfig({ user }));
    await expect(api.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
  });
});

/** Answers 401 unless `accepts` says otherwise. */
const guarded =
  (accepts: (request: IncomingMessage) => boolean) =>
  (request: IncomingMessage, response: ServerResponse) => {
    if (accepts(request)) return response.end('{}');
    response.writeHead(401).end(JSON.stringify({ kind: 'Status', message: 'Unauthorized', code: 401 }));
  };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('a 401', () => {
  const rejectingFirst = () =>
    startLoopbackApi({
      onRequest: guarded(({ headers }) => headers.authorization === 'Bearer t2'),
      onUpgrade: (request, socket) => {
        if (request.headers.authorization !== 'Bearer t2') {
          return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
        }
        if (request.headers.upgrade !== 'websocket') return socket.write(switching('SPDY/3.1'));
        acceptWebSocket(request, socket, 'one');
      },
    });

  it.each(['request', 'lines', 'upgrade', 'webSocket'] as const)(
    '%s: is tried once more with new credentials',
    async (kind) => {
      const server = await rejectingFirst();
      const api = await connectTo(await server.kubeconfig({ user: execUser(server.folder) }));
      if (kind === 'request') await api.request({ path: '/' });
      if (kind === 'lines') expect(await all(api.lines(watch()))).toEqual(['{}']);
      if (kind === 'upgrade') {
        (
          await api.upgrade({ path: '/', headers: { Upgrade: 'SPDY/3.1' }, timeoutMs: 5000 })
        ).socket.destroy();
      }
      if (kind === 'webSocket') {
        (await api.webSocket({ path: '/', headers: {}, protocols: ['one'], timeoutMs: 5000 })).terminate();
      }
      expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2']);
    },
  );

  it('that comes twice asks for a log-in, and names the command', async () => {
    const server = await startLoopbackApi({ onRequest: guarded(() => false) });
    const api = await connectTo(await server.kubeconfig({ user: execUser(server.folder) }));
    const error = await api.request({ path: '/' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'SP-LOGIN-REQUIRED',
      details: { user: 'one', next: `log in again: ${process.execPath}` },
    });
    expect(server.seen).toHaveLength(2);
    expect(JSON.stringify(error)).not.toMatch(/t1|t2/);
  });

  it('runs the plugin once for many requests that met it together', async () => {
    const server = await rejectingFirst();
    const api = await connectTo(await server.kubeconfig({ user: execUser(server.folder) }));
    await Promise.all(Array.from({ length: 10 }, () => api.request({ path: '/' })));
    const tokens = new Set(server.seen.map(({ headers }) => headers.authorization));
    expect(tokens).toEqual(new Set(['Bearer t1', 'Bearer t2']));
  });

  it('reads the kubeconfig again, whatever its time stamp says', async () => {
    const server = await startLoopbackApi({
      onRequest: guarded(({ headers }) => headers.authorization === 'Bearer new'),
    });
    const api = await connectTo(await server.kubeconfig({ user: { token: 'old' } }));
    await server.kubeconfig({ user: { token: 'new' } });
    await api.request({ path: '/' });
    expect(server.seen.at(-1)?.headers.authorization).toBe('Bearer new');
  });
});
