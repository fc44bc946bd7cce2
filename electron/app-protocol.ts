import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { appOrigin, contentSecurityPolicy } from './window-policy.ts';

/** What a build of the page consists of. */
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** The path of a file inside the page's folder, by names that a build gives; undefined for everything else. */
export function pageFile(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, host, pathname } = new URL(address);
  if (`${protocol}//${host}` !== appOrigin) return undefined;
  // No name of a build begins with a dot or needs an escape, and no other is looked for.
  if (!/^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/.test(pathname)) return undefined;
  return types[extname(pathname)] === undefined ? undefined : pathname.slice(1);
}

/** Serves the page out of the app's archive. */
export function pageHandler(folder: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const path = pageFile(request.url);
    if (path === undefined || request.method !== 'GET') return new Response(undefined, { status: 404 });
    const content = await readFile(join(folder, path)).catch(() => undefined);
    if (!content) return new Response(undefined, { status: 404 });
    return new Response(new Uint8Array(content), {
      headers: {
        'content-type': types[extname(path)] ?? '',
        'content-security-policy': contentSecurityPolicy,
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      },
    });
  };
}
