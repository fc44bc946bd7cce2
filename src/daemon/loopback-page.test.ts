import { once } from 'node:events';
import { connect } from 'node:net';
import fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { hasIpv6 } from '../../test/support/has-ipv6.ts';
import { createLog, type LogFields } from '../base/log.ts';
import type { PeerOwner } from '../peer/peer-owner.ts';
import { LoopbackPage, type LoopbackPageOptions } from './loopback-page.ts';

const ownUid = process.geteuid?.() ?? 0;
const addresses = (await hasIpv6()) ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

const createServer: LoopbackPageOptions['createServer'] = async (guard) => {
  const server = fastify({ forceCloseConnections: true });
  server.addHook('onRequest', async (request, reply) => {
    if (!(await guard(request, reply))) return reply;
  });
  return server;
};

function pageFor(uid: number, options: Partial<LoopbackPageOptions> = {}) {
  const clock = new FakeClock();
  const lines: LogFields[] = [];
  const owner: PeerOwner = { kind: 'found', uid, process: async () => undefined };
  const page = stack.use(
    new LoopbackPage({
      clock,
      log: createLog('warn', (line) => void lines.push(JSON.parse(line))),
      peers: { prepare: async () => {}, ownerOf: async () => owner, [Symbol.dispose]() {} },
      pageFolder: undefined,
      createServer,
      platform: 'linux',
      ...options,
    }),
  );
  return { page, clock, lines };
}

/** All that the page says to a request until it ends the connection. */
async function said(port: number, text: string, address = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host: address });
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  // A connection that the other end resets is ended too.
  socket.on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

const get = (path: string, host: string) =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;

describe('whose process connects', () => {
  it.each(addresses)('lets the user in with a token, at %s', async (address) => {
    const { page } = pageFor(ownUid);
    const { host, port, pathname, search } = new URL((await page.invite()).url);
    const answer = await said(Number(port), get(pathname + search, host), address);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toMatch(/^set-cookie: sallyport=/m);
    expect(answer).toContain('content="0;url=/"');
  });

  it.each(addresses)('says not a byte to another user who has a token, at %s', async (address) => {
    const { page, lines } = pageFor(ownUid + 1);
    const { host, port, pathname, search } = new URL((await page.invite()).url);
    expect(await said(Number(port), get(pathname + search, host), address)).toBe('');
    expect(lines).toMatchObject([{ event: 'page connection refused', uid: ownUid + 1 }]);
  });

  it('holds a limited number of connections that say nothing', async () => {
    const { page } = pageFor(ownUid);
    const { port } = new URL((await page.invite()).url);
    const silent = Array.from({ length: 64 }, () => connect({ port: Number(port), host: '127.0.0.1' }));
    stack.defer(() => {
      for (const socket of silent) socket.destroy();
    });
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect(await said(Number(port), '')).toBe('');
  });
});

describe('an address that was followed already', () => {
  const followed = (path: string, host: string, cookie = '') =>
    get(path, host).replace(
      '\r\n\r\n',
      `\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document${cookie}\r\n\r\n`,
    );

  it('tells a person so, and how to get another; programs are told nothing', async () => {
    const { page } = pageFor(ownUid);
    const { host, port, pathname, search } = new URL((await page.invite()).url);
    const path = pathname + search;
    expect(await said(Number(port), followed(path, host))).toMatch(/^HTTP\/1.1 200 /);
    const again = await said(Number(port), followed(path, host));
    expect(again).toMatch(/^HTTP\/1.1 403 /);
    expect(again).toContain('sallyport ui');
    expect(again).not.toMatch(/set-cookie/i);
    expect(await said(Number(port), followed('/', host))).toContain('sallyport ui');
    expect(await said(Number(port), get(path, host))).toMatch(/content-length: 0\r\n/);
    expect(await said(Number(port), followed(path, 'evil.example'))).toMatch(/content-length: 0\r\n/);
  });

  it('leads the browser that it let in to the page', async () => {
    const { page } = pageFor(ownUid);
    const { host, port, pathname, search } = new URL((await page.invite()).url);
    const path = pathname + search;
    const first = await said(Number(port), followed(path, host));
    const cookie = /^set-cookie: (sallyport=[^;]+)/m.exec(first)?.[1];
    const again = await said(Number(port), followed(path, host, `\r\nCookie: ${cookie}`));
    expect(again).toMatch(/^HTTP\/1.1 200 /);
    expect(again).toContain('content="0;url=/"');
    expect(again).not.toMatch(/set-cookie/i);
  });
});

it('is at a name that nobody can guess, so that no other port is sent its cookie', async () => {
  const hosts = await Promise.all(
    [pageFor(ownUid), pageFor(ownUid)].map(async ({ page }) => new URL((await page.invite()).url).hostname),
  );
  for (const host of hosts) expect(host).toMatch(/^sallyport-[0-9a-f]{32}\.localhost$/);
  expect(new Set(hosts).size).toBe(2);
});

it('lets nobody fill the log: one short line a second says what was refused, and of how many more', async () => {
  const { page, clock, lines } = pageFor(ownUid);
  const { host, port } = new URL((await page.invite()).url);
  const refuse = () => said(Number(port), get(`/${'x'.repeat(8_000)}`, host));
  for (let count = 0; count < 20; count++) expect(await refuse()).toMatch(/^HTTP\/1.1 403 /);
  expect(lines).toHaveLength(1);
  clock.advance(1_000);
  await refuse();
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ why: 'cookie', untold: 19 });
  for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(400);
});

it('opens at the next request where it could not at the first', async () => {
  const failures = [new Error('no port is free')];
  const { page } = pageFor(ownUid, {
    createServer: async (guard) => {
      const failure = failures.pop();
      if (failure) throw failure;
      return createServer(guard);
    },
  });
  await expect(page.invite()).rejects.toThrow('no port is free');
  await expect(page.invite()).resolves.toMatchObject({ url: expect.stringContaining('/enter?token=') });
});
