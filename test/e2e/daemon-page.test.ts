import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { freePort } from '../support/free-port.ts';
import { expectNoHandles } from '../support/no-handles.ts';

let home: DaemonHome;
let daemon: Daemon;
let metricsPort: number;
beforeAll(async () => {
  home = await DaemonHome.create();
  await home.writeProfiles({});
  metricsPort = await freePort();
  await writeFile(home.places.settingsFile, `metrics:\n  port: ${metricsPort}\n`);
  const pageFolder = join(home.dir, 'page');
  await mkdir(pageFolder);
  await writeFile(join(pageFolder, 'index.html'), '<!doctype html><title>Page</title>');
  await mkdir(join(pageFolder, 'assets'));
  await writeFile(join(pageFolder, 'assets', 'index-1a2b.js'), 'export {};');
  daemon = await home.start({ pageFolder });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
  await expectNoHandles();
});

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** As a browser would send it, which takes the page's name for loopback, but with whatever headers a test wants; fetch would not let them through. */
function send(
  url: string,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { host, port, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path: pathname + search,
        method,
        headers: { host, ...headers },
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text }),
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** A browser that followed the address of `sallyport ui`. */
async function entered() {
  await using control = home.control();
  const { url } = await control.call('ui', {});
  const { origin } = new URL(url);
  const answer = await send(url, { headers: { 'sec-fetch-site': 'none' } });
  const [cookie = ''] = (answer.headers['set-cookie'] ?? []) as string[];
  return { url, origin, answer, cookie: cookie.split(';')[0]!, setCookie: cookie };
}

const refusal = { status: 403, body: '' };

describe('the address of the page', () => {
  it('works once, and becomes a cookie that scripts and other sites do not get', async () => {
    const { url, origin, answer, cookie, setCookie } = await entered();
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('content="0;url=/"') });
    expect(setCookie).toMatch(/^sallyport=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    expect(await send(url)).toMatchObject(refusal);
    const page = await send(`${origin}/`, { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    expect(page).toMatchObject({ status: 200, body: expect.stringContaining('Page') });
    const policy = page.headers['content-security-policy'] as string;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it('is kept by browsers where its name says what it holds, and nowhere else', async () => {
    const { origin, cookie } = await entered();
    const caching = async (path: string) => {
      const { status, headers } = await send(origin + path, { headers: { cookie } });
      return [status, headers['cache-control']];
    };
    expect(await caching('/')).toEqual([200, 'no-store']);
    expect(await caching('/assets/index-1a2b.js')).toEqual([200, 'private, max-age=31536000, immutable']);
    expect(await caching('/assets/absent.js')).toEqual([404, 'no-store']);
  });

  it('leads to the whole control API but for more addresses and for passwords', async () => {
    const { origin, cookie } = await entered();
    const headers = { cookie, origin, 'content-type': 'application/json' };
    const call = (name: string) => send(`${origin}/v1/${name}`, { method: 'POST', headers, body: '{}' });
    expect(JSON.parse((await call('tunnels')).body)).toEqual({ tunnels: [] });
    for (const name of ['ui', 'password']) expect((await call(name)).status).toBe(404);
    expect(await opened(origin, { cookie, origin })).toBe('hello');
  });

  it('is entered from the file that leads there, which a browser takes for another site, but not by what a page loads', async () => {
    await using control = home.control();
    const { url } = await control.call('ui', {});
    const loaded = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    expect(await send(url, { headers: loaded })).toMatchObject(refusal);
    const followed = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect(await send(url, { headers: followed })).toMatchObject({ status: 200 });
  });

  it('takes no kubeconfig, which names programs that the daemon would run', async () => {
    const { origin, cookie } = await entered();
    const headers = { cookie, origin, 'content-type': 'application/json' };
    const adHoc = { name: 'evil', target: 'pod/a', port: 1, kubeconfig: '/tmp/evil.kubeconfig' };
    const call = (name: string, input: object) =>
      send(`${origin}/v1/${name}`, { method: 'POST', headers, body: JSON.stringify(input) });
    for (const [name, input] of Object.entries({
      up: { adHoc: [adHoc] },
      pods: { adHoc },
      check: { adHoc },
    })) {
      const { status, body } = await call(name, input);
      expect([name, status]).toEqual([name, 422]);
      expect(body).toContain('the page takes no kubeconfig');
    }
    expect(JSON.parse((await call('tunnels', {})).body)).toEqual({ tunnels: [] });
    // Nor where another program asks for a page that it shows.
    await using asking = home.control();
    await expect(asking.call('check', { adHoc }, { forPage: true })).rejects.toMatchObject({
      code: 'SP-USAGE',
      details: { message: 'the page takes no kubeconfig but that of the daemon' },
    });
    // On record as a request of the page, which was refused.
    await using control = home.control();
    const asked = async () => {
      const { records } = await control.call('audit', { filter: { events: ['control-request'] } });
      return records.map(({ record }) => record).filter(({ operation }) => operation === 'up');
    };
    await expect.poll(asked).toMatchObject([
      { names: ['ad-hoc/evil'], by: { via: 'page' } },
      { names: ['ad-hoc/evil'], by: { via: 'page' }, error: { code: 'SP-USAGE' } },
    ]);
  });
});

/** The first event of a WebSocket, or the status that refused it. */
function opened(origin: string, headers: Record<string, string>): Promise<string | number> {
  return new Promise((resolve) => {
    const { host, port } = new URL(origin);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/events`, { headers: { host, ...headers } });
    socket.once('message', (data) => {
      resolve(JSON.parse(String(data)).event);
      socket.close();
    });
    socket.once('unexpected-response', (outgoing, response) => {
      resolve(response.statusCode ?? 0);
      outgoing.destroy();
    });
    socket.on('error', () => {});
  });
}

describe('a page from elsewhere, a rebound name, another program', () => {
  const cases: [string, (given: { origin: string; cookie: string }) => Record<string, string>][] = [
    ['another origin', ({ cookie }) => ({ cookie, origin: 'https://evil.example' })],
    ['no origin to speak of', ({ cookie }) => ({ cookie, origin: 'null' })],
    ['another port of this machine', ({ cookie }) => ({ cookie, origin: 'http://127.0.0.1:1' })],
    [
      'a rebound name',
      ({ origin, cookie }) => ({ cookie, origin, host: `evil.example:${new URL(origin).port}` }),
    ],
    [
      'the name localhost',
      ({ origin, cookie }) => ({ cookie, origin, host: `localhost:${new URL(origin).port}` }),
    ],
    ['the address', ({ origin, cookie }) => ({ cookie, origin, host: `127.0.0.1:${new URL(origin).port}` })],
    ['no port in the name', ({ origin, cookie }) => ({ cookie, origin, host: new URL(origin).hostname })],
    ['a request across sites', ({ origin, cookie }) => ({ cookie, origin, 'sec-fetch-site': 'cross-site' })],
    [
      'a request from the same site',
      ({ origin, cookie }) => ({ cookie, origin, 'sec-fetch-site': 'same-site' }),
    ],
    ['no cookie', ({ origin }) => ({ origin })],
    ['a wrong cookie', ({ origin }) => ({ origin, cookie: `sallyport=${'A'.repeat(43)}` })],
    ['no origin where there must be one', ({ cookie }) => ({ cookie })],
    ['a typed address', ({ origin, cookie }) => ({ cookie, origin, 'sec-fetch-site': 'none' })],
  ];

  it.each(cases)('gets nothing: %s', async (_name, headersOf) => {
    const { origin, cookie } = await entered();
    const headers = headersOf({ origin, cookie });
    const operation = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{}',
    };
    expect(await send(`${origin}/v1/tunnels`, operation)).toMatchObject(refusal);
    expect(await opened(origin, headers)).toBe(403);
    // The same with the right ones, so that nothing else was what refused it.
    expect(await opened(origin, { cookie, origin, 'sec-fetch-site': 'same-origin' })).toBe('hello');
  });

  it.each([
    '/',
    '/index.html',
    '/metrics',
    '/openapi.json',
    '/v1/version',
    '/enter',
    '//evil',
    '/enter?token=',
  ])('gets nothing without a cookie: GET %s', async (path) => {
    const { origin } = await entered();
    const answer = await send(`${origin}${path}`);
    expect(answer).toMatchObject(refusal);
    expect(JSON.stringify(answer.headers)).not.toMatch(/sallyport/i);
  });
});

describe('the metrics endpoint', () => {
  it('answers who has the token, and nobody else', async () => {
    const url = `http://127.0.0.1:${metricsPort}/metrics`;
    const token = (await readFile(join(home.places.folders.data, 'metrics-token'), 'utf8')).trim();
    const with_ = (authorization: string) => send(url, { headers: { authorization } });
    expect(await with_(`Bearer ${token}`)).toMatchObject({
      status: 200,
      body: expect.stringContaining('sallyport_build_info{version="1.0.0-test"} 1'),
    });
    for (const wrong of ['', 'Bearer', `Bearer ${token}x`, `Basic ${token}`]) {
      expect(await with_(wrong)).toMatchObject({ status: 401, body: '' });
    }
    await using control = home.control();
    expect((await control.call('daemon', {})).metricsUrl).toBe(url);
  });
});
