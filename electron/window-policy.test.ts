import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pageFile, pageHandler } from './app-protocol.ts';
import { isOwnPage, isPermitted, pagePreferences } from './window-policy.ts';

describe('navigation', () => {
  it.each([
    'app://sallyport/index.html',
    'app://sallyport/index.html#/tunnels/user%2Fdb',
    'app://sallyport/index.html?x',
  ])('stays on %s', (address) => expect(isOwnPage(address)).toBe(true));
  it.each([
    'https://example.com/',
    'file:///etc/passwd',
    'app://sallyport/other.html',
    'app://sallyport.example.com/index.html',
    'app://other/index.html',
    'app:sallyport/index.html',
    'javascript:alert(1)',
    'data:text/html,x',
    'about:blank',
    '',
  ])('does not leave for %s', (address) => expect(isOwnPage(address)).toBe(false));
});

it('permits what its own page copies, and nothing else', () => {
  const own = 'app://sallyport/';
  expect(isPermitted('clipboard-sanitized-write', own)).toBe(true);
  expect(isPermitted('clipboard-sanitized-write', 'https://example.com/')).toBe(false);
  expect(isPermitted('clipboard-sanitized-write', 'app://sallyport.example.com/')).toBe(false);
  for (const permission of [
    'clipboard-read',
    'media',
    'geolocation',
    'notifications',
    'openExternal',
    'hid',
    'unknown',
  ])
    expect(isPermitted(permission, own)).toBe(false);
});

it('keeps pages away from Node', () => {
  expect(pagePreferences).toMatchObject({
    contextIsolation: true,
    sandbox: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    webviewTag: false,
    allowRunningInsecureContent: false,
  });
});

describe('the page', () => {
  it.each([
    ['app://sallyport/index.html', 'index.html'],
    ['app://sallyport/index.html#/tunnels', 'index.html'],
    ['app://sallyport/assets/main-Ab3_x.js', 'assets/main-Ab3_x.js'],
    ['app://sallyport/icon.svg', 'icon.svg'],
  ])('is made of %s', (address, path) => expect(pageFile(address)).toBe(path));

  it.each([
    'app://sallyport/..%2fpackage.json',
    'app://sallyport/a//b.js',
    'app://sallyport/.env.js',
    'app://sallyport/c:/x.js',
    'app://sallyport/main.cjs',
    'app://sallyport/',
    'app://other/index.html',
    'https://sallyport/index.html',
    'nonsense',
  ])('is not %s', (address) => expect(pageFile(address)).toBeUndefined());

  it('has nothing above its folder: an address is normal before it is looked at', () => {
    expect(pageFile('app://sallyport/../../icon.svg')).toBe('icon.svg');
    expect(pageFile('app://sallyport/%2e%2e/%2E%2E/icon.svg')).toBe('icon.svg');
  });

  it('is served with its policy, and only what is asked for by GET', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'page-'));
    try {
      await writeFile(join(folder, 'index.html'), '<!doctype html>');
      const serve = pageHandler(folder);
      const answer = await serve(new Request('app://sallyport/index.html'));
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe('<!doctype html>');
      expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|\*|http/);
      expect((await serve(new Request('app://sallyport/absent.js'))).status).toBe(404);
      expect((await serve(new Request('app://sallyport/index.html', { method: 'POST' }))).status).toBe(404);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
