import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import {
  connectTo,
  execUser,
  type LoopbackHandlers,
  startLoopbackApi,
  watch,
} from '../../test/support/loopback-api.ts';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('a credential that takes its time', () => {
  it('is told of from the first that waits to the last, also to who listens late', async () => {
    const server = await startLoopbackApi();
    const api = await connectTo(await server.kubeconfig({ user: execUser(server.folder) }));
    const late: boolean[] = [];
    const told: boolean[] = [];
    api.onAsking((isAsking) => {
      told.push(isAsking);
      if (isAsking) api.onAsking((now) => late.push(now));
    });
    await Promise.all([api.request({ path: '/1' }), api.request({ path: '/2' })]);
    await api.request({ path: '/3' });
    expect([told, late]).toEqual([
      [true, false],
      [true, false],
    ]);
  });

  it('is not told of where it is at hand', async () => {
    const server = await startLoopbackApi();
    const api = await connectTo(await server.kubeconfig({ user: { token: 'abc' } }));
    const told: boolean[] = [];
    api.onAsking((isAsking) => told.push(isAsking));
    await api.request({ path: '/' });
    expect(told).toEqual([]);
  });
});

describe('requests', () => {
  it('send JSON and give JSON', async () => {
    let body = '';
    const server = await startLoopbackApi({
      onRequest: (request, response) =>
        request
          .on('data', (chunk) => (body += chunk))
          .on('end', () => response.writeHead(201).end('{"made": true}')),
    });
    const api = await connectTo(await server.kubeconfig());
    expect(await api.request({ method: 'POST', path: '/x', body: { a: 'ü' } })).toEqual({ made: true });
    expect(body).toBe('{"a":"ü"}');
  });

  it('take what is no JSON, a redirect and a broken answer for errors, and follow nothing', async () => {
    const server = await startLoopbackApi({
      onRequest: ({ url }, response) => {
        if (url === '/html') response.end('<html>');
        if (url === '/away') response.writeHead(302, { Location: 'https://elsewhere' }).end();
        if (url === '/cut') {
          response.writeHead(200, { 'Content-Length': 10 }).write('{');
          setImmediate(() => response.destroy());
        }
      },
    });
    const api = await connectTo(await server.kubeconfig({ user: { token: 'a' } }));
    await expect(api.request({ path: '/html' })).rejects.toMatchObject({ code: 'SP-API-ERROR' });
    await expect(api.request({ path: '/away' })).rejects.toMatchObject({
      code: 'SP-API-ERROR',
      details: { status: 302 },
    });
    await expect(api.request({ path: '/cut' })).rejects.toMatchObject({ code: 'SP-API-UNREACHABLE' });
  });

  it('read no more of an answer than is wanted', async () => {
    const server = await startLoopbackApi({
      onRequest: (_, response) => response.end(JSON.stringify('x'.repeat(98))),
    });
    const api = await connectTo(await server.kubeconfig());
    expect(await api.request({ path: '/', maxAnswerBytes: 100 })).toHaveLength(98);
    await expect(api.request({ path: '/', maxAnswerBytes: 99 })).rejects.toMatchObject({
      code: 'SP-API-ERROR',
      details: { message: 'an answer of more than 99 bytes' },
    });
  });

  it('end after their time, or with the reason of their signal', async () => {
    const clock = new FakeClock();
    const arrived = () => new Promise<void>((resolve) => server.server.once('request', () => resolve()));
    const server = await startLoopbackApi({ onRequest: () => {} });
    const api = await connectTo(await server.kubeconfig(), { clock });
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
    const server = await startLoopbackApi({
      onRequest: (request, response) => {
        served++;
        // The second request finds a connection that the server closes under it, unanswered.
        if (served === 2) request.socket.destroy();
        else response.end('{}');
      },
    });
    const api = await connectTo(await server.kubeconfig());
    await api.request({ path: '/' });
    await api.request({ path: '/' });
    expect(server.seen.map(({ connection }) => connection)).toEqual([1, 1, 2]);
  });

  it('but not if they may change something', async () => {
    let served = 0;
    const server = await startLoopbackApi({
      onRequest: (request, response) => (++served === 2 ? request.socket.destroy() : response.end('{}')),
    });
    const api = await connectTo(await server.kubeconfig());
    await api.request({ path: '/' });
    await expect(api.request({ method: 'POST', path: '/', body: {} })).rejects.toMatchObject({
      code: 'SP-API-UNREACHABLE',
    });
    expect(server.seen).toHaveLength(2);
  });

  it('tell an API server that is not there', async () => {
    const server = await startLoopbackApi();
    const api = await connectTo(await server.kubeconfig());
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
    const server = await startLoopbackApi({ onRequest });
    return connectTo(await server.kubeconfig(), { clock });
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

  it('wait for credentials as long as these take: a slow plugin costs the request none of its time', async () => {
    const clock = new FakeClock();
    const server = await startLoopbackApi();
    const asked = Promise.withResolvers<void>();
    const answer = join(server.folder, 'answer');
    const script = `process.stderr.write('asking');
      const look = setInterval(() => {
        if (!fs.existsSync(${JSON.stringify(answer)})) return;
        clearInterval(look);
        console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status: { token: 't' } }));
      }, 5)`;
    const api = await connectTo(await server.kubeconfig({ user: execUser(server.folder, script) }), {
      clock,
      onPluginOutput: () => asked.resolve(),
    });
    const reading = all(api.lines({ ...watch(), timeoutMs: 1_000 }));
    await asked.promise;
    clock.advance(1_000);
    await writeFile(answer, '');
    expect(await reading).toEqual(['{}']);
    expect(clock.pending).toBe(0);
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

describe('closing', () => {
  it('ends what is in progress, also on connections from before a change', async () => {
    const server = await startLoopbackApi({
      onRequest: ({ url }, response) => (url === '/watch' ? response.write('1\n') : response.end('{}')),
    });
    const api = await connectTo(await server.kubeconfig({ user: { token: 'one' } }));
    const before = api.lines(watch())[Symbol.asyncIterator]();
    await before.next();
    await server.kubeconfig({ user: { token: 'two' } });
    const after = api.lines(watch())[Symbol.asyncIterator]();
    await after.next();
    const ends = [before.next(), after.next()];
    for (const end of ends) end.catch(() => {});
    await api[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    for (const end of ends) await expect(end).rejects.toMatchObject({ details: { message: 'closed' } });
  });
});
