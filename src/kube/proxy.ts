/** Which proxy leads to the API server: proxy-url of the kubeconfig, else the environment by the rules of Go's net/http. */
import { BlockList, isIP } from 'node:net';
import { AppError } from '../base/app-error.ts';
import { Secret } from '../base/secret.ts';

export interface ProxyEndpoint {
  readonly protocol: 'http' | 'https' | 'socks5';
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: Secret;
}

type Env = Readonly<Record<string, string | undefined>>;

const defaultPorts = { http: 80, https: 443, socks5: 1080 } as const;

/**
 * The proxy for `server`, or undefined for a direct connection. proxy-url wins over the environment and knows no exceptions.
 * Throws SP-KUBECONFIG-INVALID for a proxy-url and SP-API-PROXY for a variable that cannot be read.
 */
export function chooseProxy(
  server: URL,
  options: { proxyUrl?: string | undefined; env: Env },
): ProxyEndpoint | undefined {
  const { proxyUrl, env } = options;
  if (proxyUrl) {
    const proxy = parseProxy(proxyUrl);
    if (proxy) return proxy;
    throw new AppError('SP-KUBECONFIG-INVALID', {
      message: 'proxy-url is not a URL of http, https or socks5',
    });
  }
  const name = server.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const value = variable(env, name);
  if (!value || bypassesProxy(server, variable(env, 'NO_PROXY'))) return undefined;
  const proxy = parseProxy(value) ?? parseProxy(`http://${value}`);
  if (proxy) return proxy;
  throw new AppError('SP-API-PROXY', {
    proxy: name,
    message: 'its value is not a URL of http, https or socks5',
  });
}

const variable = (env: Env, name: string) => env[name] || env[name.toLowerCase()] || '';

function parseProxy(text: string): ProxyEndpoint | undefined {
  const url = URL.parse(text);
  const protocol = url?.protocol.slice(0, -1);
  if (!url?.hostname) return undefined;
  // Go resolves names at the proxy for socks5 too, so both spellings are one.
  const known = protocol === 'socks5h' ? 'socks5' : protocol;
  if (known !== 'http' && known !== 'https' && known !== 'socks5') return undefined;
  return {
    protocol: known,
    host: bareHost(url),
    port: url.port ? Number(url.port) : defaultPorts[known],
    username: decoded(url.username),
    password: new Secret(decoded(url.password)),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The host of a URL as net.connect wants it: without the brackets of IPv6. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

export function portOf(url: URL): number {
  return url.port ? Number(url.port) : url.protocol === 'https:' ? 443 : 80;
}

/** NO_PROXY as golang.org/x/net/http/httpproxy reads it. localhost and loopback addresses never go through a proxy. */
function bypassesProxy(server: URL, noProxy: string): boolean {
  const host = bareHost(server).toLowerCase().replace(/\.$/, '');
  const port = portOf(server);
  const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
  const isAddress = isIP(host) !== 0;
  if (host === 'localhost' || (isAddress && loopback.check(host, family))) return true;
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      if (entry.includes('/')) return isAddress && inNetwork(entry, host, family);
      const { name, wantedPort } = splitPort(entry);
      if (wantedPort !== undefined && wantedPort !== port) return false;
      if (isAddress || isIP(name) !== 0) return name === host;
      // example.com matches itself and what is below, .example.com and *.example.com only what is below.
      const suffix = name.replace(/^\*(?=\.)/, '');
      return suffix.startsWith('.') ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
    });
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

function inNetwork(network: string, host: string, family: 'ipv4' | 'ipv6'): boolean {
  const [address = '', prefix = ''] = network.split('/');
  const version = isIP(address);
  if (version === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > (version === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix), version === 6 ? 'ipv6' : 'ipv4');
  return list.check(host, family);
}

function splitPort(entry: string): { readonly name: string; readonly wantedPort: number | undefined } {
  if (isIP(entry) === 6) return { name: entry, wantedPort: undefined };
  const match = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry);
  return {
    name: (match?.[1] ?? entry).replace(/^\[|\]$/g, ''),
    wantedPort: match?.[2] === undefined ? undefined : Number(match[2]),
  };
}
