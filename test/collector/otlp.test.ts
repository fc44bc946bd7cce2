/**
 * OTLP against the OpenTelemetry project's own collector: SALLYPORT_OTELCOL is one that has the OTLP receiver and the debug exporter
 * (build/otel-collector/build.sh makes it). Without it this is skipped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LogFolder, manyOpened, opened } from '../../src/audit/audit.fixture.ts';
import { otlp } from '../../src/audit/ship/otlp.ts';
import { Shipper } from '../../src/audit/ship/shipper.ts';
import { systemClock } from '../../src/base/clock.ts';
import { issueCertificates } from '../../src/sandbox/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { expectNoHandles } from '../support/no-handles.ts';

const executable = process.env.SALLYPORT_OTELCOL;
const certificates = issueCertificates(['localhost', '127.0.0.1']);

describe.skipIf(!executable)(`a collector${executable ? '' : ' (SALLYPORT_OTELCOL is not set)'}`, () => {
  let dir: string;
  let port: number;
  let logs: LogFolder;
  const collectors: ChildProcess[] = [];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'otelcol-'));
    port = await freePort();
    logs = await LogFolder.create();
    await logs.write(manyOpened(400));
  });
  afterEach(async () => {
    for (const child of collectors.splice(0)) await end(child, 'SIGTERM');
    await logs[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  afterAll(expectNoHandles);

  async function start(name: string): Promise<ChildProcess> {
    const config = join(dir, `${name}.yaml`);
    await writeFile(join(dir, 'cert.pem'), certificates.server.cert);
    await writeFile(join(dir, 'key.pem'), certificates.server.key);
    const tls = { cert_file: join(dir, 'cert.pem'), key_file: join(dir, 'key.pem') };
    await writeFile(
      config,
      JSON.stringify({
        receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}`, tls } } } },
        exporters: {
          debug: { verbosity: 'detailed', use_internal_logger: false, output_paths: [output(name)] },
        },
        service: {
          telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
          pipelines: { logs: { receivers: ['otlp'], exporters: ['debug'] } },
        },
      }),
    );
    const child = spawn(executable!, ['--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
    collectors.push(child);
    return child;
  }

  const output = (name: string) => join(dir, `${name}.out`);
  /** Each record's body, in the order of their coming. */
  const bodiesOf = async (name: string) =>
    [...(await readFile(output(name), 'utf8')).matchAll(/^Body: Str\((.*)\)$/gm)].map(([, body]) => body!);

  async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  it('has each line as it stands, also those of before it was there and of while it was away', async () => {
    await using stack = new AsyncDisposableStack();
    const log = stack.use(logs.writer());
    await log.flush();
    const destination = otlp({
      url: new URL(`https://127.0.0.1:${port}/v1/logs`),
      ca: certificates.ca,
      version: '1',
      hostName: 'laptop',
    });
    const cursorFile = join(dir, 'cursor');
    const shipper = new Shipper({
      name: 'otel',
      folder: logs.folder,
      log,
      destination,
      cursorFile,
      clock: systemClock,
      gatherMs: 1,
    });
    const waits = Promise.withResolvers<void>();
    shipper.onState(({ kind }) => kind === 'waiting' && waits.resolve());
    stack.use(shipper.start());
    await waits.promise;
    const sentAll = () =>
      vi.waitFor(() => expect(shipper.state).toMatchObject({ kind: 'shipping', sent: log.head.seq }), {
        timeout: 60_000,
      });
    const first = await start('first');
    await sentAll();
    const before = await bodiesOf('first');
    await end(first, 'SIGKILL');
    log.append(opened(1_000));
    await log.flush({ sign: true });
    await start('second');
    await sentAll();
    const lines = (await logs.text()).trimEnd().split('\n');
    // Twice where the answer to the first time was lost, never in another form.
    expect([...new Set([...before, ...(await bodiesOf('second'))])]).toEqual(lines);
    const text = await readFile(output('first'), 'utf8');
    expect(text).toMatch(/EventName: sallyport\.connection-opened/);
    expect(text).toMatch(/-> service\.name: Str\(sallyport\)/);
    expect(text).toMatch(/-> k8s\.pod\.name: Str\(postgres-0\)/);
    expect(text).toMatch(/-> sallyport\.seq: Int\(2\)/);
    expect(text).toMatch(/SeverityNumber: Info\(9\)/);
    expect(text).toMatch(/Timestamp: 2023-11-14 22:13:20/);
  });
});
