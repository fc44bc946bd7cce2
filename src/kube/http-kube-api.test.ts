import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { certificates, type LoopbackHandlers, startLoopbackApi } from '../../test/support/loopback-api.ts';
import { systemClock } from '../base/clock.ts';
import { createLog, silentLog } from '../base/log.ts';
import { issueCertificates } from '../sandbox/certificates.ts';
import { createKubeApi, type KubeApiOptions } from './http-kube-api.ts';

let stack = new AsyncDisposableStack();
afterEach(async () => {
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});

const start = async (handlers?: LoopbackHandlers) => stack.use(await startLoopbackApi(handlers));

async function connect(kubeconfig: string, options: Partial<KubeApiOptions> = {}) {
  return stack.use(
    await createKubeApi({
      kubeconfig,
      env: {},
      clock: new FakeClock(),
      log: silentLog,
      userAgent: () => 'sallyport/1 (test)',
      interactive: () => false,
      ...options,
    }),
  );
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const alice = certificates.issueClient({ user: 'alice' });
const aliceData = { 'client-certificate-data': base64(alice.cert), 'client-key-data': base64(alice.key) };

/** Answers 401 unless `accepts` says otherwise. */
const guarded =
  (accepts: (request: IncomingMessage) => boolean) =>
  (request: IncomingMessage, response: ServerResponse) => {
    if (accepts(request)) return response.end('{}');
    response.writeHead(401).end(JSON.stringify({ kind: 'Status', message: 'Unauthorized', code: 401 }));
  };

/** An exec plugin whose n-th run gives the token t<n>. */
function execUser(folder: string): Record<string, unknown> {
  const runs = JSON.stringify(join(folder, 'runs'));
  const script = `const fs = require('node:fs'); fs.appendFileSync(${runs}, 'x');
    console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: { token: 't' + fs.readFileSync(${runs}).length } }))`;
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      interactiveMode: 'Never',
      command: process.execPath,
      args: ['-e', script],
    },
  };
}

describe('who we are', () => {
  it.each([
    ['a token', { token: 'abc' }, 'Bearer abc'],
    ['user and password', { username: 'me', password: 'pä' }, `Basic ${base64('me:pä')}`],
    ['nothing', {}, undefined],
  ])('%s', async (_what, user, authorization) => {
    const server = await start();
    await (await connect(await server.kubeconfig({ user }))).request({ path: '/version' });
    expect(server.seen[0]?.headers.authorization).toBe(authorization);
    expect(server.seen[0]?.headers['user-agent']).toBe('sallyport/1 (test)');
  });

  it('a client certificate, inline or in files that are read again when they change', async () => {
    const server = await start();
    await writeFile(join(server.folder, 'tls.crt'), certificates.issueClient({ user: 'bob' }).cert);
    const inline = await connect(await server.kubeconfig({ user: aliceData, name: 'inline' }));
    await inline.request({ path: '/' });
    const bob = certificates.issueClient({ user: 'bob' });
    const carol = certificates.issueClient({ user: 'carol' });
    await writeFile(join(server.folder, 'tls.crt'), bob.cert);
    await writeFile(join(server.folder, 'tls.key'), bob.key);
    const user = { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' };
    const api = await connect(await server.kubeconfig({ user }));
    await api.request({ path: '/' });
    await writeFile(join(server.folder, 'tls.crt'), carol.cert);
    await writeFile(join(server.folder, 'tls.key'), carol.key);
    await api.request({ path: '/' });
    expect(server.seen.map(({ certificateOf }) => certificateOf)).toEqual(['alice', 'bob', 'carol']);
  });

  it('a token file, which wins over the inline token and is read again when it is replaced', async () => {
    const server = await start();
    await writeFile(join(server.folder, 'token'), 'one\n');
    const api = await connect(await server.kubeconfig({ user: { token: 'inline', tokenFile: 'token' } }));
    await api.request({ path: '/' });
    await writeFile(join(server.folder, 'next'), 'two\n');
    await rename(join(server.folder, 'next'), join(server.folder, 'token'));
    await api.request({ path: '/' });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
    // Only the header changed: the connection may stay or not, the identity must not be mixed.
  });

  it('impersonation: user, uid, groups and extra, with names that no header may hold', async () => {
    const server = await start();
    const user = {
      token: 'abc',
      as: 'bøb',
      'as-uid': '7',
      'as-groups': ['admins', 'devs'],
      'as-user-extra': { 'example.org/scopes': ['a', 'b'] },
    };
    await (await connect(await server.kubeconfig({ user }))).request({ path: '/' });
    const raw = server.seen[0]?.rawHeaders ?? [];
    const values = (name: string) => raw.filter((_, at) => at % 2 === 1 && raw[at - 1] === name);
    expect(values('Impersonate-User').map((name) => Buffer.from(name, 'latin1').toString())).toEqual(['bøb']);
    expect(values('Impersonate-Uid')).toEqual(['7']);
    expect(values('Impersonate-Group')).toEqual(['admins', 'devs']);
    expect(values('Impersonate-Extra-example.org%2Fscopes')).toEqual(['a', 'b']);
  });

  it('impersonation given by the caller replaces the kubeconfig', async () => {
    const server = await start();
    const kubeconfig = await server.kubeconfig({ user: { token: 'abc', as: 'bob', 'as-groups': ['x'] } });
    await (await connect(kubeconfig, { impersonate: { user: 'carol' } })).request({ path: '/' });
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
    stack.defer(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/k8s/clusters/c-1/`;
    const api = await connect(
      await (await start()).kubeconfig({
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
    const kubeconfig = await (await start()).kubeconfig({ user });
    await expect(connect(kubeconfig)).rejects.toMatchObject({
      code: 'SP-KUBECONFIG-INVALID',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a key that does not belong to the certificate', async () => {
    const user = { ...aliceData, 'client-key-data': base64(certificates.issueClient({ user: 'b' }).key) };
    const api = await connect(await (await start()).kubeconfig({ user }));
    await expect(api.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
  });
});

describe('TLS', () => {
  it('refuses a server of another authority and a server of another name', async () => {
    const server = await start();
    const other = base64(issueCertificates(['127.0.0.1']).ca);
    const stranger = await connect(
      await server.kubeconfig({ cluster: { 'certificate-authority-data': other } }),
    );
    await expect(stranger.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-API-TLS' });
    const renamed = await connect(await server.kubeconfig({ cluster: { 'tls-server-name': 'other.test' } }));
    await expect(renamed.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-API-TLS' });
    expect(server.seen).toEqual([]);
  });

  it('verifies tls-server-name in place of the host', async () => {
    const server = await start();
    const api = await connect(await server.kubeconfig({ cluster: { 'tls-server-name': 'api.test' } }));
    await api.request({ path: '/' });
    expect(server.seen).toHaveLength(1);
  });

  it('says aloud that a certificate is not verified, and refuses that together with an authority', async () => {
    const server = await start();
    const lines: string[] = [];
    const unverified = { 'insecure-skip-tls-verify': true, 'certificate-authority-data': '' };
    const api = await connect(await server.kubeconfig({ cluster: unverified }), {
      log: createLog('warn', (line) => lines.push(line)),
    });
    await api.request({ path: '/' });
    await api.request({ path: '/' });
    expect(api.warnings).toEqual([
      `the certificate of ${server.url} is not verified (insecure-skip-tls-verify)`,
    ]);
    expect(lines).toHaveLength(1);
    const both = await server.kubeconfig({ cluster: { 'insecure-skip-tls-verify': true } });
    await expect(connect(both)).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
  });

  it('keeps connections, and resumes TLS sessions on new ones', async () => {
    const server = await start({ onUpgrade: (_request, socket) => socket.write(switching('a')) });
    const api = await connect(await server.kubeconfig({ user: aliceData }));
    await api.request({ path: '/1' });
    await api.request({ path: '/2' });
    const first = await api.upgrade({ path: '/3', headers: { Upgrade: 'a' }, timeoutMs: 5000 });
    const second = await api.upgrade({ path: '/4', headers: { Upgrade: 'a' }, timeoutMs: 5000 });
    first.socket.destroy();
    second.socket.destroy();
    // The upgrade takes the idle connection over; only then another is needed.
    expect(server.seen.map(({ connection }) => connection)).toEqual([1, 1, 1, 2]);
    expect(server.seen.map(({ resumed }) => resumed)).toEqual([false, false, false, true]);
  });
});

const switching = (protocol: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;

describe('a 401', () => {
  const rejectingFirst = () =>
    start({
      onRequest: guarded(({ headers }) => headers.authorization === 'Bearer t2'),
      onUpgrade: (request, socket) => {
        if (request.headers.authorization !== 'Bearer t2') {
          return socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
        }
        if (request.headers.upgrade !== 'websocket') return socket.write(switching('SPDY/3.1'));
        accept(request, socket, 'one');
      },
    });

  it.each(['request', 'lines', 'upgrade', 'webSocket'] as const)(
    '%s: is tried once more with new credentials',
    async (kind) => {
      const server = await rejectingFirst();
      const api = await connect(await server.kubeconfig({ user: execUser(server.folder) }));
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
    const server = await start({ onRequest: guarded(() => false) });
    const api = await connect(await server.kubeconfig({ user: execUser(server.folder) }));
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
    const api = await connect(await server.kubeconfig({ user: execUser(server.folder) }));
    await Promise.all(Array.from({ length: 10 }, () => api.request({ path: '/' })));
    const tokens = new Set(server.seen.map(({ headers }) => headers.authorization));
    expect(tokens).toEqual(new Set(['Bearer t1', 'Bearer t2']));
  });

  it('reads the kubeconfig again, whatever its time stamp says', async () => {
    const server = await start({
      onRequest: guarded(({ headers }) => headers.authorization === 'Bearer new'),
    });
    const api = await connect(await server.kubeconfig({ user: { token: 'old' } }));
    await server.kubeconfig({ user: { token: 'new' } });
    await api.request({ path: '/' });
    expect(server.seen.at(-1)?.headers.authorization).toBe('Bearer new');
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** Completes a WebSocket handshake with the given subprotocol, by hand: the server of `ws` refuses names with a slash. */
function accept(request: IncomingMessage, socket: Duplex, protocol: string | undefined): void {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const chosen = protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${protocol}\r\n`;
  socket.write(
    `${switching('websocket').slice(0, -2)}${chosen}Sec-WebSocket-Accept: ${createHash('sha1').update(key).digest('base64')}\r\n\r\n`,
  );
}

const watch = (options: { readonly idleTimeoutMs?: number; readonly signal?: AbortSignal } = {}) => ({
  path: '/watch',
  signal: new AbortController().signal,
  idleTimeoutMs: 60_000,
  ...options,
});

describe('requests', () => {
  it('send JSON and give JSON', async () => {
    let body = '';
    const server = await start({
      onRequest: (request, response) =>
        request
          .on('data', (chunk) => (body += chunk))
          .on('end', () => response.writeHead(201).end('{"made": true}')),
    });
    const api = await connect(await server.kubeconfig());
    expect(await api.request({ method: 'POST', path: '/x', body: { a: 'ü' } })).toEqual({ made: true });
    expect(body).toBe('{"a":"ü"}');
  });

  it('take what is no JSON, a redirect and a broken answer for errors, and follow nothing', async () => {
    const server = await start({
      onRequest: ({ url }, response) => {
        if (url === '/html') response.end('<html>');
        if (url === '/away') response.writeHead(302, { Location: 'https://elsewhere' }).end();
        if (url === '/cut') {
          response.writeHead(200, { 'Content-Length': 10 }).write('{');
          setImmediate(() => response.destroy());
        }
      },
    });
    const api = await connect(await server.kubeconfig({ user: { token: 'a' } }));
    await expect(api.request({ path: '/html' })).rejects.toMatchObject({ code: 'SP-API-ERROR' });
    await expect(api.request({ path: '/away' })).rejects.toMatchObject({
      code: 'SP-API-ERROR',
      details: { status: 302 },
    });
    await expect(api.request({ path: '/cut' })).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
  });

  it('end after their time, or with the reason of their signal', async () => {
    const clock = new FakeClock();
    const arrived = () => new Promise<void>((resolve) => server.server.once('request', () => resolve()));
    const server = await start({ onRequest: () => {} });
    const api = await connect(await server.kubeconfig(), { clock });
    const first = arrived();
    const late = api.request({ path: '/', timeoutMs: 700 });
    late.catch(() => {});
    await first;
    clock.advance(700);
    await expect(late).rejects.toMatchObject({
      code: 'SP-API-UNREACHABLE',
      details: { message: 'no answer within 0.7 s' },
    });
    const second = arrived();
    const abort = new AbortController();
    const aborted = api.request({ path: '/', signal: abort.signal });
    aborted.catch(() => {});
    await second;
    abort.abort(new Error('not wanted any more'));
    await expect(aborted).rejects.toThrow('not wanted any more');
    expect(clock.pending).toBe(0);
  });

  it('are sent again where the kept connection was closed meanwhile', async () => {
    let served = 0;
    const server = await start({
      onRequest: (request, response) => {
        served++;
        // The second request finds a connection that the server closes under it, unanswered.
        if (served === 2) request.socket.destroy();
        else response.end('{}');
      },
    });
    const api = await connect(await server.kubeconfig());
    await api.request({ path: '/' });
    await api.request({ path: '/' });
    expect(server.seen.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  it('but not if they may change something', async () => {
    let served = 0;
    const server = await start({
      onRequest: (request, response) => (++served === 2 ? request.socket.destroy() : response.end('{}')),
    });
    const api = await connect(await server.kubeconfig());
    await api.request({ path: '/' });
    await expect(api.request({ method: 'POST', path: '/', body: {} })).rejects.toMatchObject({
      code: 'SP-API-UNREACHABLE',
    });
    expect(server.seen).toHaveLength(2);
  });

  it('tell an API server that is not there', async () => {
    const server = await start();
    const api = await connect(await server.kubeconfig());
    await new Promise((closed) => server.server.close(closed));
    await expect(api.request({ path: '/' })).rejects.toMatchObject({
      code: 'SP-API-UNREACHABLE',
      details: { message: 'connection refused' },
    });
    await api[Symbol.asyncDispose]();
    await expect(api.request({ path: '/' })).rejects.toMatchObject({ details: { message: 'closed' } });
  });
});

describe('lines', () => {
  const lines = async (onRequest: NonNullable<LoopbackHandlers['onRequest']>, clock = new FakeClock()) => {
    const server = await start({ onRequest });
    return connect(await server.kubeconfig(), { clock });
  };

  it('come as they are written, however they are cut', async () => {
    const text = '{"a":"ü"}\n\n{"b":2}\n{"c":3}';
    const api = await lines(async (_request, response) => {
      for (const byte of Buffer.from(text)) {
        await new Promise((written) => response.write(Buffer.from([byte]), written));
      }
      response.end();
    });
    expect(await all(api.lines(watch()))).toEqual(['{"a":"ü"}', '{"b":2}', '{"c":3}']);
  });

  it('reject when the answer breaks off, and classify a refusal', async () => {
    const broken = await lines((_request, response) => {
      response.write('{"a":1}\n{"b"', () => response.destroy());
    });
    const got: string[] = [];
    const reading = (async () => {
      for await (const line of broken.lines(watch())) got.push(line);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
    expect(got).toEqual(['{"a":1}']);
    const gone = await lines((_request, response) => response.writeHead(410).end('{}'));
    await expect(gone.lines(watch())[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'SP-API-GONE',
    });
  });

  it('end when nothing comes for the idle time, which each byte starts anew', async () => {
    const clock = new FakeClock();
    let write = (_text: string) => {};
    const api = await lines((_request, response) => {
      write = (text) => response.write(text);
      write('1\n');
    }, clock);
    const reader = api.lines(watch({ idleTimeoutMs: 1000 }))[Symbol.asyncIterator]();
    expect((await reader.next()).value).toBe('1');
    clock.advance(900);
    write('2\n');
    expect((await reader.next()).value).toBe('2');
    clock.advance(900);
    const last = reader.next();
    last.catch(() => {});
    clock.advance(100);
    await expect(last).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
  });

  it('stop with the reason of the signal, also when the reader leaves', async () => {
    const closed = Promise.withResolvers<void>();
    const api = await lines((request, response) => {
      request.socket.once('close', () => closed.resolve());
      response.write('1\n');
    });
    const abort = new AbortController();
    const reader = api.lines(watch({ signal: abort.signal }))[Symbol.asyncIterator]();
    await reader.next();
    const next = reader.next();
    next.catch(() => {});
    abort.abort(new Error('left'));
    await expect(next).rejects.toThrow('left');
    await closed.promise;
  });

  it('have a limit', async () => {
    const api = await lines((_request, response) => {
      const megabyte = 'x'.repeat(1024 * 1024);
      for (let n = 0; n < 18; n++) response.write(megabyte);
    });
    await expect(api.lines(watch())[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'SP-API-ERROR',
      details: { message: 'a line of more than 16777216 bytes' },
    });
  });
});

describe('upgrades', () => {
  const upgrade = {
    path: '/api/v1/namespaces/db/pods/x/portforward',
    headers: { Upgrade: 'SPDY/3.1' },
    timeoutMs: 5000,
  };

  it('give the socket with what came behind the 101', async () => {
    const server = await start({
      onUpgrade: (_request, socket) => socket.write(`${switching('SPDY/3.1')}first`),
    });
    const api = await connect(await server.kubeconfig({ user: { token: 'abc' } }));
    const { socket, head, headers } = await api.upgrade({
      ...upgrade,
      headers: { ...upgrade.headers, 'Audit-ID': 'u-1' },
    });
    expect(head.toString()).toBe('first');
    expect(headers.upgrade).toBe('SPDY/3.1');
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'audit-id': 'u-1', authorization: 'Bearer abc' },
    });
    expect(server.seen[0]?.headers).not.toHaveProperty('accept');
    socket.destroy();
  });

  it.each([
    ['403 without a Status', '403 Forbidden', 'Forbidden', 'SP-UPGRADE-REFUSED'],
    ['an answer that is no upgrade', '200 OK', '{}', 'SP-UPGRADE-REFUSED'],
    [
      'a pod that is not there',
      '404 Not Found',
      '{"kind":"Status","reason":"NotFound"}',
      'SP-TARGET-NOT-FOUND',
    ],
    ['a kubelet that is away', '500 Oops', 'error dialing backend: EOF', 'SP-API-ERROR'],
  ])('%s', async (_what, head, body, code) => {
    const answer = `HTTP/1.1 ${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const server = await start({ onUpgrade: (_request, socket) => socket.write(answer) });
    const api = await connect(await server.kubeconfig());
    await expect(api.upgrade(upgrade)).rejects.toMatchObject({ code });
    await expect(api.webSocket({ ...upgrade, headers: {}, protocols: ['a'] })).rejects.toMatchObject({
      code,
    });
  });

  it('refuse another protocol than the one asked for', async () => {
    const server = await start({ onUpgrade: (_request, socket) => socket.write(switching('h2c')) });
    const api = await connect(await server.kubeconfig());
    await expect(api.upgrade(upgrade)).rejects.toMatchObject({ code: 'SP-UPGRADE-REFUSED' });
  });

  it('end after their time', async () => {
    const clock = new FakeClock();
    const server = await start({ onUpgrade: () => {} });
    const api = await connect(await server.kubeconfig(), { clock });
    for (const open of [
      () => api.upgrade(upgrade),
      () => api.webSocket({ ...upgrade, headers: {}, protocols: ['a'] }),
    ]) {
      const arrived = once(server.server, 'upgrade');
      const late = open();
      late.catch(() => {});
      await arrived;
      clock.advance(5000);
      await expect(late).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
    }
  });
});

describe('WebSockets', () => {
  const protocol = 'SPDY/3.1+portforward.k8s.io';

  it('open with a subprotocol that ws itself would refuse, and carry bytes', async () => {
    const received = Promise.withResolvers<Buffer>();
    const server = await start({
      onUpgrade: (request, socket) => {
        accept(request, socket, protocol);
        socket.once('data', (frame: Buffer) => received.resolve(frame));
        socket.write(Buffer.from([0x82, 2, 0x68, 0x69]));
      },
    });
    const api = await connect(await server.kubeconfig({ user: { token: 'abc' } }));
    const webSocket = await api.webSocket({
      path: '/x',
      headers: { 'Audit-ID': 'u' },
      protocols: [protocol],
      timeoutMs: 5000,
    });
    expect(server.seen[0]?.headers).toMatchObject({
      'sec-websocket-protocol': protocol,
      'audit-id': 'u',
      authorization: 'Bearer abc',
      'user-agent': 'sallyport/1 (test)',
    });
    expect(server.seen[0]?.headers).not.toHaveProperty('sec-websocket-extensions');
    // What comes with the handshake's answer is not lost.
    const [data] = await once(webSocket, 'message');
    expect(String(data)).toBe('hi');
    webSocket.send(Buffer.from('ping'));
    // Binary, final, 4 bytes, masked with zeros.
    expect([...(await received.promise)]).toEqual([0x82, 0x84, 0, 0, 0, 0, ...Buffer.from('ping')]);
    webSocket.terminate();
  });

  it.each([
    ['no subprotocol', undefined],
    ['another subprotocol', 'v4.channel.k8s.io'],
  ] as const)('refuse %s', async (_what, chosen) => {
    const server = await start({ onUpgrade: (request, socket) => accept(request, socket, chosen) });
    const api = await connect(await server.kubeconfig());
    const refused = api.webSocket({ path: '/x', headers: {}, protocols: [protocol], timeoutMs: 5000 });
    await expect(refused).rejects.toMatchObject({ code: 'SP-UPGRADE-REFUSED' });
  });

  it('refuse a peer that is no WebSocket server', async () => {
    const server = await start({ onUpgrade: (_request, socket) => socket.write(switching('websocket')) });
    const api = await connect(await server.kubeconfig());
    const refused = api.webSocket({ path: '/x', headers: {}, protocols: [protocol], timeoutMs: 5000 });
    await expect(refused).rejects.toMatchObject({ code: 'SP-UPGRADE-REFUSED' });
  });
});

describe('a kubeconfig that changes', () => {
  it('is read again before the next request, and leaves a request in progress alone', async () => {
    const server = await start({
      onRequest: ({ url }, response) => (url === '/slow' ? response.write('1\n') : response.end('{}')),
    });
    const other = await start();
    const path = await server.kubeconfig({ user: { token: 'one' } });
    const api = await connect(path);
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
    const server = await start();
    const path = await server.kubeconfig({ user: execUser(server.folder) });
    const api = await connect(path);
    await api.request({ path: '/' });
    await appendFile(path, '\n');
    await api.request({ path: '/' });
    expect(server.seen.map(({ headers, connection }) => [headers.authorization, connection])).toEqual([
      ['Bearer t1', 1],
      ['Bearer t1', 1],
    ]);
  });

  it('that is broken is an error until it is mended', async () => {
    const server = await start();
    const path = await server.kubeconfig({ user: { token: 'one' } });
    const api = await connect(path);
    await writeFile(path, 'users: [');
    await expect(api.request({ path: '/' })).rejects.toMatchObject({ code: 'SP-KUBECONFIG-INVALID' });
    await server.kubeconfig({ user: { token: 'two' } });
    await api.request({ path: '/' });
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer two']);
  });

  it('wakes those who listen, also for a file that it names and for one that is replaced', async () => {
    const server = await start();
    await writeFile(join(server.folder, 'token'), 'one');
    const path = await server.kubeconfig({ user: { tokenFile: 'token' } });
    const api = await connect(path, { clock: systemClock });
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
