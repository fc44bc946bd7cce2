import { describe, expect, it } from 'vitest';
import { chooseProxy } from './proxy.ts';

const proxied = (server: string, noProxy: string) =>
  chooseProxy(new URL(server), { env: { HTTPS_PROXY: 'http://p:3128', NO_PROXY: noProxy } }) !== undefined;

describe('chooseProxy', () => {
  it('prefers proxy-url, which knows no exceptions', () => {
    const env = { HTTPS_PROXY: 'http://env:1', NO_PROXY: '*' };
    expect(
      chooseProxy(new URL('https://127.0.0.1'), { proxyUrl: 'socks5://me:a%40b@[::1]:9', env }),
    ).toMatchObject({
      protocol: 'socks5',
      host: '::1',
      port: 9,
      username: 'me',
    });
  });

  it('reads the variables by the scheme of the server, capitals first', () => {
    const env = { HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower', http_proxy: 'plain:8080' };
    expect(chooseProxy(new URL('https://k'), { env })).toMatchObject({ host: 'upper', port: 80 });
    expect(chooseProxy(new URL('http://k'), { env })).toMatchObject({
      protocol: 'http',
      host: 'plain',
      port: 8080,
    });
    expect(chooseProxy(new URL('https://k'), { env: { ALL_PROXY: 'http://all' } })).toBeUndefined();
  });

  it.each([
    ['socks5h://p', 'socks5', 1080],
    ['https://p', 'https', 443],
  ])('knows %s', (proxyUrl, protocol, port) => {
    expect(chooseProxy(new URL('https://k'), { proxyUrl, env: {} })).toMatchObject({ protocol, port });
  });

  it('refuses what is no proxy, without quoting it', () => {
    expect(() => chooseProxy(new URL('https://k'), { proxyUrl: 'ftp://u:secret@p', env: {} })).toThrow(
      expect.objectContaining({
        code: 'SP-KUBECONFIG-INVALID',
        message: expect.not.stringContaining('secret'),
      }),
    );
    expect(() => chooseProxy(new URL('https://k'), { env: { HTTPS_PROXY: '://u:secret@' } })).toThrow(
      expect.objectContaining({ code: 'SP-API-PROXY', message: expect.not.stringContaining('secret') }),
    );
  });

  it.each([
    ['https://localhost:6443', '', false],
    ['https://127.8.0.1', '', false],
    ['https://[::1]:6443', '', false],
    ['https://k.example.com', '', true],
    ['https://k.example.com', '*', false],
    ['https://k.example.com', 'example.com', false],
    ['https://example.com', 'example.com', false],
    ['https://notexample.com', 'example.com', true],
    ['https://example.com', '.example.com', true],
    ['https://k.example.com', '.example.com', false],
    ['https://k.example.com', '*.example.com', false],
    ['https://k.example.com:6443', ' other , EXAMPLE.com:6443', false],
    ['https://k.example.com', 'example.com:6443', true],
    ['https://k.example.com', 'example.com:443', false],
    ['https://10.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.1.2.3', false],
    ['https://10.1.2.3:6443', '10.1.2.3:443', true],
    ['https://[fd00::7]', 'fd00::/8', false],
    ['https://[fd00::7]', 'fd00::7', false],
    ['https://[fd00::7]:6443', '[fd00::7]:6443', false],
    ['https://10.1.2.3', '10.0.0.0/99', true],
    ['https://k10.1.2.3.example', '10.1.2.3', true],
  ])('%s with NO_PROXY=%s goes through the proxy: %s', (server, noProxy, expected) => {
    expect(proxied(server, noProxy)).toBe(expected);
  });
});
