import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventsPath, operationPath } from '../../src/contract/control-protocol.ts';
import { describeInBrowser } from '../support/browser.ts';
import { useWindowWorld } from '../support/window-fixture.ts';

/** A browser that has the page's cookie, and in it the page of somebody else. */
describeInBrowser('the page of another origin', () => {
  const fixture = useWindowWorld();
  let evil: Server;
  let context: BrowserContext;
  let page: Page;
  let origin: string;
  /** Addresses of what the page consists of. */
  const parts = { script: '', img: '' };
  beforeAll(async () => {
    evil = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Elsewhere</title>'),
    ).listen(0, '127.0.0.1');
    await once(evil, 'listening');
    context = await fixture.browser.newContext();
    const own = await context.newPage();
    await own.goto(await fixture.world.address());
    await own.getByRole('navigation', { name: 'Views' }).waitFor();
    ({ origin } = new URL(own.url()));
    parts.script = await own.evaluate("document.querySelector('script[src]').src");
    parts.img = await own.evaluate("document.querySelector('link[rel=icon]').href");
    // What is not there would be refused to everybody.
    for (const address of Object.values(parts))
      expect(await own.evaluate(`fetch('${address}').then(({ status }) => status)`)).toBe(200);
  });
  afterAll(async () => {
    await context?.close();
    evil?.close();
  });

  /** Under names that are nearer and nearer to the page's. */
  const places = ['127.0.0.1', 'localhost', 'evil.localhost', 'the page’s own name'] as const;

  async function elsewhere(place: (typeof places)[number]): Promise<void> {
    const { port } = evil.address() as AddressInfo;
    const host = place === 'the page’s own name' ? new URL(origin).hostname : place;
    page = await context.newPage();
    await page.goto(`http://${host}:${port}/`);
    expect(await page.title()).toBe('Elsewhere');
  }

  it.each(places)(
    'at %s reads nothing, changes nothing, frames nothing and hears no events',
    async (place) => {
      await elsewhere(place);
      const url = `${origin}${operationPath('up')}`;
      const body = JSON.stringify({ names: ['echo'] });
      const send = (how: string) =>
        page.evaluate<string>(
          `fetch('${url}', { method: 'POST', credentials: 'include', body: ${JSON.stringify(body)}, ${how} }).then((answer) => answer.type + answer.status, (error) => error.name)`,
        );
      expect(await send("headers: { 'content-type': 'application/json' }")).toBe('TypeError');
      expect(await send("mode: 'cors', headers: { 'content-type': 'text/plain' }")).toBe('TypeError');
      // It may be sent, as any form may: it is refused where it arrives, and nothing of the answer is seen.
      expect(['opaque0', 'TypeError']).toContain(await send("mode: 'no-cors'"));
      expect(
        await page.evaluate(`new Promise((done) => {
        const socket = new WebSocket('${origin.replace('http', 'ws')}${eventsPath}');
        socket.onmessage = () => done('heard');
        socket.onclose = () => done('refused');
      })`),
      ).toBe('refused');
      expect(await loaded('script')).toBe('error');
      expect(await loaded('img')).toBe('error');
      const titles = await titlesOfFrames();
      expect(titles).toHaveLength(1);
      expect(titles).not.toContain('Sallyport');
      const { tunnels } = await fixture.world.control.call('tunnels', {});
      expect(tunnels.find(({ name }) => name === 'echo')?.wanted).toBe('off');
      await page.close();
    },
  );

  const loaded = (element: keyof typeof parts) =>
    page.evaluate<string>(`new Promise((done) => {
      const each = document.createElement('${element}');
      each.onload = () => done('load');
      each.onerror = () => done('error');
      each.src = '${parts[element]}';
      document.body.append(each);
    })`);

  /** Of what is framed, once the frame is done: an error page of the browser's where it was refused. */
  async function titlesOfFrames(): Promise<string[]> {
    await page.evaluate(`new Promise((done) => {
      const frame = document.createElement('iframe');
      frame.onload = done;
      frame.src = '${origin}/';
      document.body.append(frame);
    })`);
    const [, ...frames] = page.frames();
    return Promise.all(frames.map((frame) => frame.title().catch(() => '')));
  }

  it('posts no form that opens a tunnel', async () => {
    await elsewhere('the page’s own name');
    const response = page.waitForResponse((each) => each.url().endsWith(operationPath('up')));
    await page.evaluate(`{
      const form = document.createElement('form');
      form.method = 'post';
      form.enctype = 'text/plain';
      form.action = '${origin}${operationPath('up')}';
      const field = document.createElement('input');
      field.name = '{"names":["echo"],"reason":"';
      field.value = '"}';
      form.append(field);
      document.body.append(form);
      form.submit();
    }`);
    expect((await response).status()).toBe(403);
    const { tunnels } = await fixture.world.control.call('tunnels', {});
    expect(tunnels.find(({ name }) => name === 'echo')?.wanted).toBe('off');
    await page.close();
  });

  it('cannot see the cookie, nor can a script of the page itself', async () => {
    const [cookie] = (await context.cookies(origin)).filter(({ name }) => name === 'sallyport');
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    const [own] = context.pages();
    expect(await own!.evaluate('document.cookie')).toBe('');
    await elsewhere('the page’s own name');
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.close();
  });
});
