import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { operations } from '../../src/contract/control.ts';
import { closeVersion, maxRequestBytes } from '../../src/contract/control-protocol.ts';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { DaemonHome, viewOf } from '../support/daemon-fixture.ts';
import { expectNoHandles } from '../support/no-handles.ts';

let home: DaemonHome;
let daemon: Daemon;
beforeAll(async () => {
  home = await DaemonHome.create();
  const profile = {
    cluster: { context: 'none' },
    namespace: 'x',
    target: 'pod/x',
    port: 1,
    policy: { confirm: true },
  };
  await home.writeProfiles({ profiles: { one: profile } });
  daemon = await home.start();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
  await expectNoHandles();
});

interface Given {
  readonly path?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
}

function post({
  path = '/v1/tunnels',
  body = '{}',
  headers = {},
}: Given): Promise<{ status: number; error?: string }> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', ...headers };
    const outgoing = request({
      socketPath: home.places.socket,
      method: 'POST',
      path,
      headers: all,
      agent: false,
    });
    outgoing.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () =>
        resolve({ status: response.statusCode!, error: JSON.parse(text).error?.code }),
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

describe('versions', () => {
  const other = { 'sallyport-protocol': '2', 'sallyport-version': '9.0.0' };

  it('that cannot talk are told so, before anything else', async () => {
    expect(await post({ headers: other, body: '{"unknown":1}' })).toEqual({
      status: 426,
      error: 'SP-DAEMON-VERSION',
    });
    const socket = new WebSocket('ws://x/v1/events', {
      headers: other,
      createConnection: () => connect(home.places.socket),
    });
    expect(await new Promise((resolve) => socket.once('close', resolve))).toBe(closeVersion);
  });

  it('can always ask who is there, so that a newer client can make an older daemon make room', async () => {
    expect(await post({ path: '/v1/version', headers: other })).toEqual({ status: 200, error: undefined });
  });

  it('that can talk are seen by each other', async () => {
    await using control = home.control({ version: '1.1.0' });
    await control.call('questions', {});
    expect(control.daemonVersion).toBe('1.0.0-test');
  });
});

describe('what comes in', () => {
  it.each([
    ['too large', { body: `{"x":"${'x'.repeat(maxRequestBytes)}"}` }, 413],
    ['no JSON', { body: '{' }, 400],
    ['a form', { headers: { 'content-type': 'text/plain' } }, 415],
    ['unknown fields', { body: '{"x":1}' }, 422],
    ['too many names', { path: '/v1/down', body: JSON.stringify({ names: Array(1001).fill('x') }) }, 422],
    ['an operation that is not there', { path: '/v1/constructor' }, 404],
  ])('is refused: %s', async (_name, given: Given, status) => {
    expect(await post(given)).toEqual({ status, error: 'SP-USAGE' });
  });
});

describe('a subscriber', () => {
  it('that does not read is dropped, and one that does misses nothing', { timeout: 120_000 }, async () => {
    const slow = new WebSocket('ws://x/v1/events', { createConnection: () => connect(home.places.socket) });
    const [message] = (await new Promise<unknown[]>((resolve) =>
      slow.once('message', (...given) => resolve(given)),
    )) as [Buffer];
    expect(JSON.parse(String(message)).event).toBe('hello');
    slow.pause();
    await using control = home.control();
    await using watching = home.control();
    // Each up and down with an ad hoc tunnel is some kilobytes of events; eight MiB are the limit.
    const description = 'x'.repeat(1_900);
    const adHoc = { name: 'big', target: `selector/a=${description}`, port: 1, context: 'none' };
    const closed = new Promise((resolve) => slow.once('close', resolve));
    let subscribers = 2;
    for (let round = 0; round < 2_000 && subscribers > 0; round += 50) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const name = `big${index}`;
          await control.call('up', { adHoc: [{ ...adHoc, name }] });
          await control.call('down', { names: [name] });
        }),
      );
      subscribers = (await control.call('daemon', {})).subscribers;
    }
    expect(subscribers).toBe(0);
    slow.resume();
    await closed;
    const view = await viewOf(watching, () => true);
    expect([...view.tunnels.keys()]).toEqual(['user/one']);
  });

  it('sees questions come and go', async () => {
    await using control = home.control();
    const asked = viewOf(control, ({ questions }) => questions.size === 1);
    const { outcomes } = await control.call('up', { names: ['one'] });
    expect(outcomes[0]?.tunnel?.shown).toBe('needs you');
    const [question] = [...(await asked).questions.values()];
    const gone = viewOf(control, ({ questions }) => questions.size === 0);
    await control.call('answer', { question: question!.id, answer: { kind: 'no' } });
    const { tunnels } = await gone;
    expect(tunnels.get('user/one')).toMatchObject({ wanted: 'off', shown: 'off' });
  });
});

it('describes itself by OpenAPI, every operation of the contract', async () => {
  const document = await new Promise<{ paths: object; openapi: string }>((resolve, reject) => {
    const where = { socketPath: home.places.socket, path: '/openapi.json', agent: false };
    const outgoing = request(where, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => resolve(JSON.parse(text)));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
  expect(document.openapi).toBe('3.1.0');
  const described = Object.keys(document.paths).filter(
    (path) => path.startsWith('/v1/') && path !== '/v1/events',
  );
  expect(described.sort()).toEqual(
    Object.keys(operations)
      .map((name) => `/v1/${name}`)
      .sort(),
  );
});
