/**
 * Metrics on loopback for a Prometheus of this machine. Trust boundary: any program of any user can connect; only who has the token of
 * the user's own file gets an answer. A browser has no way to send it unasked, so that no page can read along.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { AppError } from '../base/app-error.ts';
import { readBounded } from '../base/read-bounded.ts';
import { replaceFile } from '../base/replace-file.ts';
import { metricsPath } from '../contract/control-protocol.ts';
import { isSameSecret } from './loopback-gate.ts';

export interface MetricsEndpointOptions {
  readonly port: number;
  /** Made when it is not there. */
  readonly tokenFile: string;
  readonly text: () => Promise<string>;
}

const host = '127.0.0.1';

/** Throws SP-LOCAL-PORT-IN-USE. */
export async function openMetricsEndpoint(
  options: MetricsEndpointOptions,
): Promise<AsyncDisposable & { readonly url: string }> {
  const { port, tokenFile, text } = options;
  const token = await readOrMake(tokenFile);
  const server = createServer((request, response) => {
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!isSameSecret(given, token)) return void response.writeHead(401).end();
    if (request.method !== 'GET' || request.url !== metricsPath) return void response.writeHead(404).end();
    text().then(
      (body) =>
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 16;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new AppError(
              'SP-LOCAL-PORT-IN-USE',
              { address: host, port, next: 'name another port for metrics' },
              error,
            )
          : error,
      ),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${host}:${bound}${metricsPath}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readOrMake(path: string): Promise<string> {
  const file = await readBounded(path, 1024);
  const known = file.kind === 'text' ? file.text.trim() : '';
  if (known.length >= 32) return known;
  const token = randomBytes(32).toString('base64url');
  await replaceFile(path, `${token}\n`);
  return token;
}
