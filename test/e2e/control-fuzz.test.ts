import { request } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '../../src/contract/control.ts';
import { operationPath } from '../../src/contract/control-protocol.ts';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { MemoryKeychain } from '../../src/secret/memory-keychain.ts';
import { DaemonHome } from '../support/daemon-fixture.ts';
import { fuzzed } from '../support/fuzz.ts';
import { expectNoHandles } from '../support/no-handles.ts';

let home: DaemonHome;
let daemon: Daemon;
const unexpected: string[] = [];

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
  const onLogLine = (line: string) => void (/"operation failed"/.test(line) && unexpected.push(line));
  daemon = await home.start({ keychain: new MemoryKeychain(), onLogLine });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await home[Symbol.asyncDispose]();
  await expectNoHandles();
});

/** But those that end it, or open a port. */
const names = Object.keys(operations).filter((name) => !['shutdown', 'ui'].includes(name));
const text = fc.oneof(
  fc.constantFrom(
    'one',
    'user/one',
    'ad-hoc/x',
    '../one',
    '',
    '__proto__',
    'constructor',
    '/',
    'x'.repeat(300),
    '\0',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.array(text, { maxLength: 3 }),
  fc.constantFrom(0, -1, 1e308, 0.5, true, false, null, {}, []),
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    { target: 'pod/x', port: 1 },
    { target: 'svc/a', port: 'b', context: 'none' },
    { tunnel: 'one' },
  ),
);
const field = fc.constantFrom(
  ...[
    'name',
    'names',
    'folder',
    'ask',
    'rotate',
    'password',
    'question',
    'answer',
    'filter',
    'limit',
    'id',
    'hash',
  ],
  ...[
    'reason',
    'confirmed',
    'adHoc',
    'lines',
    'context',
    'namespace',
    'kind',
    'source',
    'commit',
    '__proto__',
    'all',
  ],
);
const body = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(field, value, { maxKeys: 4 }).map((given) => JSON.stringify(given)) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
);

function post(name: string, content: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      socketPath: home.places.socket,
      method: 'POST',
      path: operationPath(name),
      headers: { 'content-type': 'application/json' },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        answer += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: answer }));
    });
    outgoing.end(content);
  });
}

test('whatever is asked of the daemon, it answers in its own words and goes on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), body, async (name, content) => {
      const { status, text: said } = await post(name, content);
      const { error } = JSON.parse(said) as { error?: { code: string } };
      expect([200, 400, 413, 415, 422, 503], `${name} ${content}: ${said}`).toContain(status);
      if (status !== 200) expect(error?.code).toMatch(/^SP-(?!INTERNAL)/);
    }),
    fuzzed(1_500),
  );
  expect(unexpected).toEqual([]);
  expect((await post('version', '{}')).status).toBe(200);
});
