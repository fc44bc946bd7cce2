import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import { writeKubeconfig } from '../../test/support/kubeconfig-file.ts';
import { certificates, connectTo, watch } from '../../test/support/loopback-api.ts';
import { AppError } from '../base/app-error.ts';

const status = fc.constantFrom(
  ...['200 OK', '201 Created', '101 Switching Protocols', '204 No Content', '304 Not Modified'],
  ...['401 Unauthorized', '403 Forbidden', '404 Not Found', '410 Gone', '429 Busy', '500 Oops', '999 x', '1'],
);
const header = fc.constantFrom(
  ...[
    'Content-Length: 5',
    'Content-Length: 99',
    'Content-Length: -1',
    'Transfer-Encoding: chunked',
    'Retry-After: 1',
  ],
  ...[
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    'Upgrade: websocket',
    'Connection: close',
    'Content-Encoding: gzip',
  ],
  ...['Content-Type: application/json', 'Sec-WebSocket-Accept: x', 'X: \u0001', 'no colon', ': empty'],
);
const body = fc.constantFrom(
  ...[
    '',
    '{}',
    '{"kind":"Status","reason":"Expired","code":410}',
    '5\r\nhello\r\n0\r\n\r\n',
    '5\r\nhel',
    'zz\r\n',
  ],
  ...[
    'ffffffffffffffff\r\n',
    '{"type":"ADDED","object":{}}\n{',
    '\n\n',
    '[1',
    'null',
    '2\r\n{}\r\n0\r\n\r\n',
  ],
  ...['{"type":"ERROR","object":{"code":410}}\n', '{"kind":"Status","message":5}', '"\\ud800"', 'NaN'],
);
/** What an API server may say, and what it should not; cut off anywhere, or nothing of the kind. */
const answer = fc.oneof(
  fc
    .tuple(status, fc.array(header, { maxLength: 4 }), body, fc.nat(200))
    .map(([code, headers, text, kept]) =>
      Buffer.from(`HTTP/1.1 ${code}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n${text}`).subarray(
        0,
        kept > 150 ? kept - 150 : undefined,
      ),
    ),
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
);

it('whatever answers in place of the API server, what is asked ends with an answer or an AppError', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'http-answers-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  let next = Buffer.alloc(0);
  const server = createServer(certificates.server, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(next));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const kubeconfig = join(folder, 'config');
  const authority = Buffer.from(certificates.ca).toString('base64');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeKubeconfig(kubeconfig, {
    cluster: { server: url, 'certificate-authority-data': authority },
    user: { token: 'abc' },
  });
  const api = await connectTo(kubeconfig);
  const upgrade = { path: '/portforward', headers: { Upgrade: 'SPDY/3.1' }, timeoutMs: 60_000 };
  const asking = {
    request: () => api.request({ path: '/x' }),
    watch: async () => {
      for await (const _ of api.lines({ ...watch(), timeoutMs: 60_000 }));
    },
    upgrade: async () => (await api.upgrade(upgrade)).socket.destroy(),
    webSocket: () => api.webSocket({ ...upgrade, headers: {}, protocols: ['a'] }),
  };
  await fc.assert(
    fc.asyncProperty(answer, fc.constantFrom(...Object.keys(asking)), async (given, how) => {
      next = given;
      const outcome = await asking[how as keyof typeof asking]().catch((error: unknown) => error);
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(AppError);
        expect((outcome as AppError).code).not.toBe('SP-INTERNAL');
      }
    }),
    fuzzed(500),
  );
});
