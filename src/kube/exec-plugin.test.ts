import { appendFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { AppError } from '../base/app-error.ts';
import { ExecPlugin, type ExecPluginOptions } from './exec-plugin.ts';
import type { ExecEntry } from './kubeconfig-file.ts';

const v1 = 'client.authentication.k8s.io/v1';

let folder: string;
let log: string;
let clock: FakeClock;
let closing: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-exec-'));
  log = join(folder, 'runs');
  appendFileSync(log, '');
  clock = new FakeClock();
  closing = new AbortController();
});
afterEach(async () => {
  closing.abort();
  await rm(folder, { recursive: true, force: true });
});

/** A plugin written in JavaScript; `run` counts its runs from 1, `info` is what it was told. */
async function plugin(
  body: string,
  { exec = {}, ...options }: Partial<Omit<ExecPluginOptions, 'exec'>> & { exec?: Partial<ExecEntry> } = {},
): Promise<ExecPlugin> {
  const script = join(folder, 'plugin.cjs');
  await writeFile(
    script,
    `const fs = require('node:fs');
fs.appendFileSync(${JSON.stringify(log)}, 'run\\n');
const run = fs.readFileSync(${JSON.stringify(log)}, 'utf8').split('\\n').length - 1;
const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
const give = (status) => console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: info.apiVersion, status }));
${body}`,
  );
  return new ExecPlugin({
    exec: {
      apiVersion: v1,
      command: process.execPath,
      args: [script],
      env: {},
      installHint: undefined,
      provideClusterInfo: false,
      interactiveMode: 'Never',
      ...exec,
    },
    cluster: { server: 'https://api', config: { audience: 'prod' } },
    env: process.env,
    clock,
    interactive: () => false,
    stdinIsTerminal: () => false,
    onOutput: () => {},
    signal: closing.signal,
    ...options,
  });
}

const runs = async () => (await readFile(log, 'utf8')).split('\n').length - 1;
const inMs = (ms: number) => JSON.stringify(new Date(clock.wallMs() + ms).toISOString());
const tokenOf = async (from: ExecPlugin) => (await from.current()).authorization?.reveal();

describe('a run', () => {
  it('passes arguments, environment and what v1 tells a plugin', async () => {
    const args = join(folder, 'plugin.cjs');
    const told = await plugin(
      'give({ token: [process.argv[2], process.env.REGION, process.env.PATH ? "path" : "", info.kind, info.spec.interactive, info.spec.cluster?.server, info.spec.cluster?.config.audience].join("|") })',
      { exec: { args: [args, '--for=me'], env: { REGION: 'eu' }, provideClusterInfo: true } },
    );
    expect(await tokenOf(told)).toBe('Bearer --for=me|eu|path|ExecCredential|false|https://api|prod');
  });

  it('tells nothing about the cluster unless asked, and speaks v1beta1', async () => {
    const told = await plugin('give({ token: info.apiVersion + "|" + JSON.stringify(info.spec) })', {
      exec: { apiVersion: 'client.authentication.k8s.io/v1beta1' },
    });
    expect(await tokenOf(told)).toBe('Bearer client.authentication.k8s.io/v1beta1|{"interactive":false}');
  });

  it('takes a client certificate', async () => {
    const { clientCertificate } = await (
      await plugin('give({ clientCertificateData: "CERT", clientKeyData: "KEY" })')
    ).current();
    expect(clientCertificate).toMatchObject({ cert: 'CERT' });
    expect(clientCertificate?.key.reveal()).toBe('KEY');
  });

  it.each([
    ['fails', 'console.error("first\\nYour session has ended"); process.exit(3)', 'Your session has ended'],
    ['fails without a word', 'process.exit(3)', 'exit status 3'],
    ['prints no JSON', 'console.log("hello")', 'did not print an ExecCredential'],
    ['prints another kind', 'console.log("{}")', 'did not print an ExecCredential'],
    ['speaks another version', 'info.apiVersion = "v2"; give({ token: "a" })', 'another apiVersion'],
    ['gives nothing', 'give({})', 'neither a token nor a certificate'],
    ['gives half a certificate', 'give({ clientKeyData: "KEY" })', 'key without a certificate'],
    ['gives a token with a newline', 'give({ token: "a\\nb" })', 'characters that no token has'],
    ['prints without end', 'process.stdout.write("x".repeat(2_000_000))', 'more than 1048576 bytes'],
  ])('that %s is SP-CREDENTIAL-PLUGIN', async (_what, body, message) => {
    await expect((await plugin(body)).current()).rejects.toMatchObject({
      code: 'SP-CREDENTIAL-PLUGIN',
      message: expect.stringContaining(message),
    });
  });

  it('that says much tells its last line alone, on one line, bounded and without control characters', async () => {
    const loud = await plugin(
      `console.error("secret=hunter2\\n".repeat(100) + "\\u001b[31mAsk\\u0007 " + "x".repeat(1000) + "\\n\\r \\n");
process.exit(1)`,
    );
    const error = (await loud.current().catch((thrown: unknown) => thrown)) as AppError;
    expect(error.details).toEqual({
      command: process.execPath,
      message: expect.stringMatching(/^Ask +x+$/),
    });
    expect(String(error.details.message)).toHaveLength(300);
  });

  it('that is stopped tells what it said last', async () => {
    const hanging = await plugin('console.error("first\\nOpen the page\\n"); setInterval(() => {}, 1000)', {
      onOutput: () => clock.advance(60_000),
    });
    await expect(hanging.current()).rejects.toMatchObject({
      details: { message: 'it did not end within 60 s', why: 'Open the page' },
    });
  });

  it('shows the install hint where the command is missing', async () => {
    const missing = await plugin('', {
      exec: { command: 'no-such-plugin', installHint: 'brew install it\n' },
    });
    await expect(missing.current()).rejects.toMatchObject({
      code: 'SP-CREDENTIAL-PLUGIN',
      details: { command: 'no-such-plugin', message: 'it is not installed', hint: 'brew install it' },
    });
  });

  it('is stopped after a minute, and when the API is closed', async () => {
    const started = Promise.withResolvers<void>();
    const hanging = await plugin('console.error("waiting"); setInterval(() => {}, 1000)', {
      onOutput: () => started.resolve(),
    });
    const late = hanging.current();
    await started.promise;
    clock.advance(60_000);
    await expect(late).rejects.toMatchObject({ details: { message: 'it did not end within 60 s' } });
    const closed = hanging.current();
    closing.abort();
    await expect(closed).rejects.toMatchObject({ details: { message: 'it was stopped' } });
    await expect(hanging.current()).rejects.toMatchObject({ details: { message: 'it was not run: closed' } });
  });
});

describe('asking a person', () => {
  it('runs a plugin that must ask only while somebody waits at a terminal, and shows what it says', async () => {
    let waiting = false;
    const shown: string[] = [];
    const asking = await plugin(
      'console.error("Open this page"); give({ token: String(info.spec.interactive) })',
      {
        exec: { interactiveMode: 'Always' },
        interactive: () => waiting,
        stdinIsTerminal: () => true,
        onOutput: (text) => shown.push(text),
      },
    );
    await expect(asking.current()).rejects.toMatchObject({ code: 'SP-CREDENTIAL-PLUGIN' });
    expect(await runs()).toBe(0);
    waiting = true;
    expect(await tokenOf(asking)).toBe('Bearer true');
    expect(shown.join('')).toBe('Open this page\n');
  });

  it.each([
    ['IfAvailable', true, true, 'true'],
    ['IfAvailable', true, false, 'false'],
    ['IfAvailable', false, true, 'false'],
    ['Never', true, true, 'false'],
  ] as const)(
    '%s, somebody waits: %s, at a terminal: %s, may ask: %s',
    async (mode, waits, terminal, mayAsk) => {
      const asked = await plugin('give({ token: String(info.spec.interactive) })', {
        exec: { interactiveMode: mode },
        interactive: () => waits,
        stdinIsTerminal: () => terminal,
      });
      expect(await tokenOf(asked)).toBe(`Bearer ${mayAsk}`);
    },
  );
});

describe('keeping a credential', () => {
  it('runs once for all who wait, and not again while it is good', async () => {
    const shared = await plugin('give({ token: "t" + run })');
    expect(await Promise.all([tokenOf(shared), tokenOf(shared), tokenOf(shared)])).toEqual(
      Array.from({ length: 3 }, () => 'Bearer t1'),
    );
    clock.advance(86_400_000);
    expect(await tokenOf(shared)).toBe('Bearer t1');
    expect(await runs()).toBe(1);
  });

  it('renews early without making anybody wait, and waits once it has ended', async () => {
    const shortLived = await plugin(
      `give({ token: "t" + run, expirationTimestamp: run === 1 ? ${inMs(20_000)} : ${inMs(60_000)} })`,
    );
    expect(await tokenOf(shortLived)).toBe('Bearer t1');
    clock.advance(15_999);
    expect(await tokenOf(shortLived)).toBe('Bearer t1');
    expect(await runs()).toBe(1);
    clock.advance(1);
    // Four seconds are left: the old token serves while the new one is made.
    expect(await tokenOf(shortLived)).toBe('Bearer t1');
    clock.advance(5_000);
    expect(await tokenOf(shortLived)).toBe('Bearer t2');
    clock.advance(60_000);
    expect(await tokenOf(shortLived)).toBe('Bearer t3');
  });

  it('makes another after a 401, once for all whom the same credential failed', async () => {
    const revoked = await plugin('give({ token: "t" + run })');
    const rejected = await revoked.current();
    revoked.discard(rejected);
    const next = revoked.current();
    revoked.discard(rejected);
    expect((await next).authorization?.reveal()).toBe('Bearer t2');
    revoked.discard(rejected);
    expect(await tokenOf(revoked)).toBe('Bearer t2');
    expect(await runs()).toBe(2);
  });

  it('asks a plugin that failed and never asks back again the next time', async () => {
    const flaky = await plugin('if (run === 1) process.exit(1); give({ token: "t" + run })');
    await expect(flaky.current()).rejects.toMatchObject({ code: 'SP-CREDENTIAL-PLUGIN' });
    expect(await tokenOf(flaky)).toBe('Bearer t2');
  });

  it('that failed is not run again while nobody waits: it may open a browser each time', async () => {
    let waiting = true;
    const failing = await plugin(
      'if (run === 1) { console.error("no session"); process.exit(1); } give({ token: "t" + run })',
      { exec: { interactiveMode: 'IfAvailable' }, interactive: () => waiting },
    );
    const failure = { details: { message: 'no session' } };
    await expect(failing.current()).rejects.toMatchObject(failure);
    waiting = false;
    await expect(failing.current()).rejects.toMatchObject(failure);
    clock.advance(3_600_000);
    await expect(failing.current()).rejects.toMatchObject(failure);
    expect(await runs()).toBe(1);
    waiting = true;
    const rejected = await failing.current();
    waiting = false;
    failing.discard(rejected);
    expect(await tokenOf(failing)).toBe('Bearer t3');
  });

  it('that could not be renewed early is not run again while nobody waits, and its old one serves to its end', async () => {
    const shortLived = await plugin(
      `if (run === 2) process.exit(1); give({ token: "t" + run, expirationTimestamp: ${inMs(20_000)} })`,
      { exec: { interactiveMode: 'IfAvailable' } },
    );
    expect(await tokenOf(shortLived)).toBe('Bearer t1');
    clock.advance(16_000);
    expect(await tokenOf(shortLived)).toBe('Bearer t1');
    await expect.poll(runs).toBe(2);
    clock.advance(3_999);
    expect(await tokenOf(shortLived)).toBe('Bearer t1');
    clock.advance(1);
    await expect(shortLived.current()).rejects.toMatchObject({ code: 'SP-CREDENTIAL-PLUGIN' });
    expect(await runs()).toBe(2);
  });

  it('names the command to log in with, without options that may hold secrets', async () => {
    const named = await plugin('', {
      exec: { command: 'kubectl', args: ['oidc-login', 'get-token', '--secret=x'] },
    });
    expect(named.loginHint).toBe('log in again: kubectl oidc-login get-token');
  });
});
