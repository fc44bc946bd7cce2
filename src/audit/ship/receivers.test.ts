import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { expectNoHandles } from '../../../test/support/no-handles.ts';
import { Secret } from '../../base/secret.ts';
import { issueCertificates } from '../../sandbox/certificates.ts';
import { LogFolder, manyOpened } from '../audit.fixture.ts';
import { verify } from '../verify.ts';
import type { ShippedBatch } from './destination.ts';
import { otlp } from './otlp.ts';
import { webhook } from './webhook.ts';

afterAll(expectNoHandles);

const { signal } = new AbortController();
const certificates = issueCertificates(['localhost', '127.0.0.1']);
let server: Server | HttpsServer;
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;
let seen: { request: IncomingMessage; body: string }[];
let sockets: Socket[];
let logs: LogFolder;
let batch: ShippedBatch;

beforeEach(async () => {
  seen = [];
  answer = (_request, response) => response.end('{}');
  server = createTlsServer(certificates.server, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ request, body });
    answer(request, response, body);
  });
  sockets = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  logs = await LogFolder.create();
  const denied = {
    event: 'tunnel-denied',
    tunnel: 'a',
    error: { code: 'SP-FORBIDDEN', details: {} },
  } as const;
  await logs.write([...manyOpened(3), denied]);
  const lines = (await logs.text()).trimEnd().split('\n');
  batch = { log: 'log-1', lines: lines.map((line) => ({ line, record: JSON.parse(line) })) };
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  await logs[Symbol.asyncDispose]();
});

const target = (path: string) => ({
  url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}${path}`),
  ca: certificates.ca,
  headers: { authorization: new Secret('Bearer abc') },
});
const hook = (more = {}) => webhook({ ...target('/hook'), ...more }).send(batch, signal);
const collector = () =>
  otlp({ ...target('/v1/logs'), version: '1.2.3', hostName: 'laptop' }).send(batch, signal);

function absent(): never {
  throw new Error('nothing came');
}

/** What proto3 JSON allows of ExportLogsServiceRequest, nothing else. */
const uint64 = z.string().regex(/^\d{1,20}$/);
const anyValue = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d{1,19}$/) }),
  z.strictObject({ boolValue: z.boolean() }),
]);
const attributes = z.array(z.strictObject({ key: z.string().min(1), value: anyValue }));
const requestSchema = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeLogs: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string() }),
          logRecords: z.array(
            z.strictObject({
              timeUnixNano: uint64,
              observedTimeUnixNano: uint64,
              severityNumber: z.int().min(1).max(24),
              severityText: z.string(),
              eventName: z.string(),
              body: anyValue,
              attributes,
            }),
          ),
        }),
      ),
    }),
  ),
});

describe('an OpenTelemetry collector', () => {
  it('is sent what the protocol allows, each line whole', async () => {
    expect(await collector()).toEqual({ kind: 'taken' });
    const [{ request, body } = absent()] = seen;
    expect([request.method, request.url]).toEqual(['POST', '/v1/logs']);
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      authorization: 'Bearer abc',
    });
    const [{ resource, scopeLogs } = absent()] = requestSchema.parse(JSON.parse(body)).resourceLogs;
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'sallyport' } });
    const records = scopeLogs[0]!.logRecords;
    expect(records.map((record) => record.body)).toEqual(
      batch.lines.map(({ line }) => ({ stringValue: line })),
    );
    expect(records[2]).toMatchObject({
      timeUnixNano: '1700000000000000000',
      severityText: 'INFO',
      eventName: 'sallyport.connection-opened',
    });
    expect(records[2]!.attributes).toEqual(
      expect.arrayContaining([
        { key: 'sallyport.seq', value: { intValue: '3' } },
        { key: 'k8s.pod.name', value: { stringValue: 'postgres-0' } },
        { key: 'process.pid', value: { intValue: '4242' } },
      ]),
    );
    expect(records.find(({ eventName }) => eventName === 'sallyport.tunnel-denied')).toMatchObject({
      severityText: 'WARN',
    });
  });

  it.each(['"2"', '2'])('may reject some, which do not come again (%s)', async (count) => {
    answer = (_request, response) =>
      response.end(`{"partialSuccess":{"rejectedLogRecords":${count},"errorMessage":"too old"}}`);
    expect(await collector()).toEqual({ kind: 'taken', rejected: 2, why: 'too old' });
  });

  it.each(['', 'ok', '{"partialSuccess":{}}'])('may answer %j', async (text) => {
    answer = (_request, response) => response.end(text);
    expect(await collector()).toEqual({ kind: 'taken' });
  });
});

describe('a webhook', () => {
  it('is sent the log itself: what it keeps can be verified', async () => {
    const hmacKey = new Secret('key');
    expect(await hook({ hmacKey })).toEqual({ kind: 'taken' });
    const [{ request, body }] = seen as [(typeof seen)[number]];
    const mac = createHmac('sha256', 'key').update(body).digest('hex');
    expect(request.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'idempotency-key': `log-1.1-${batch.lines.length}`,
      'sallyport-signature': `sha256=${mac}`,
      authorization: 'Bearer abc',
    });
    await logs.setText(body);
    expect(await verify({ folder: logs.folder })).toMatchObject({
      kind: 'intact',
      lines: batch.lines.length,
    });
  });

  it.each([
    [429, { 'retry-after': '7' }, { kind: 'later', why: 'it answered 429', afterMs: 7_000 }],
    [503, { 'retry-after': 'soon' }, { kind: 'later', why: 'it answered 503' }],
    [503, { 'retry-after': '99999999' }, { kind: 'later', afterMs: 3_600_000 }],
    [500, {}, { kind: 'later' }],
    [400, {}, { kind: 'refused', why: 'it answered 400' }],
    [401, {}, { kind: 'refused' }],
    [302, { location: 'https://elsewhere' }, { kind: 'refused', why: 'it answered 302' }],
  ] as const)('that answers %i %j', async (status, headers, expected) => {
    answer = (_request, response) => response.writeHead(status, headers).end();
    expect(await hook()).toMatchObject(expected);
  });

  it('that resets, cuts its answer, answers without end or not at all is tried later', async () => {
    answer = () => sockets.at(-1)!.resetAndDestroy();
    expect(await hook()).toMatchObject({ kind: 'later' });
    answer = (request, response) => {
      response.writeHead(200, { 'content-length': 10 });
      response.write('x', () => request.socket.destroy());
    };
    expect(await hook()).toMatchObject({ kind: 'later' });
    answer = (_request, response) => response.end('x'.repeat(100_000));
    expect(await hook()).toEqual({ kind: 'later', why: 'the answer is too long' });
    answer = () => {};
    expect(await hook({ timeoutMs: 50 })).toEqual({ kind: 'later', why: 'no answer within 50 ms' });
  });

  it('is not sent to where its certificate is not trusted, nor in the clear', async () => {
    const { ca } = issueCertificates(['localhost']);
    expect(await hook({ ca })).toMatchObject({ kind: 'later', why: expect.stringContaining('certificate') });
    expect(await hook({ url: new URL('http://example.com/hook') })).toMatchObject({ kind: 'refused' });
    expect(seen).toEqual([]);
    const plain = createServer((_request, response) => response.end());
    await once(plain.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(`http://127.0.0.1:${(plain.address() as AddressInfo).port}/`);
    expect(await hook({ url })).toEqual({ kind: 'taken' });
    plain.close();
    await once(plain, 'close');
  });

  it('is let go of when the shipper ends', async () => {
    const abort = new AbortController();
    answer = () => abort.abort(new Error('ended'));
    await expect(webhook(target('/')).send(batch, abort.signal)).rejects.toThrow('ended');
  });
});
