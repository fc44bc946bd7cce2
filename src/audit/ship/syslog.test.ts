import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePort } from '../../../test/support/free-port.ts';
import { expectNoHandles } from '../../../test/support/no-handles.ts';
import { systemClock } from '../../base/clock.ts';
import { issueCertificates } from '../../sandbox/certificates.ts';
import { LogFolder, manyOpened } from '../audit.fixture.ts';
import type { ShippedBatch } from './destination.ts';
import { Shipper } from './shipper.ts';
import { syslog } from './syslog.ts';

afterAll(expectNoHandles);

const { signal } = new AbortController();
const certificates = issueCertificates(['localhost', '127.0.0.1']);
const { ca } = certificates;
let logs: LogFolder;
let batch: ShippedBatch;
beforeEach(async () => {
  logs = await LogFolder.create();
  await logs.write(manyOpened(400));
  const lines = (await logs.text()).trimEnd().split('\n');
  batch = { log: 'log-1', lines: lines.map((line) => ({ line, record: JSON.parse(line) })) };
});
afterEach(() => logs[Symbol.asyncDispose]());

/** RFC 5425 frames, to the last byte. */
function messagesIn(bytes: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at);
    const length = bytes.toString('latin1', at, space);
    if (!/^[1-9]\d{0,5}$/.test(length)) throw new Error(`not a length: ${length}`);
    at = space + 1 + Number(length);
    if (at > bytes.length) throw new Error('the last message is cut');
    messages.push(bytes.toString('utf8', space + 1, at));
  }
  return messages;
}

/** RFC 5424, with structured data of one element. */
const form =
  /^<(\d{1,3})>1 (\S+) ([\x21-\x7e]{1,255}) sallyport (\d+) ([\x21-\x7e]{1,32}) \[meta sequenceId="([1-9]\d{0,9})"\] (.*)$/;

describe('a receiver', () => {
  let server: Server;
  let handle: (socket: TLSSocket) => void;
  let raw: Socket[];
  beforeEach(async () => {
    server = createServer({ ...certificates.server, allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      handle(socket);
    });
    raw = [];
    server.on('connection', (socket: Socket) => raw.push(socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(async () => {
    server.close();
    for (const socket of raw) socket.destroy();
    await once(server, 'close');
  });

  const send = (more = {}, from = signal) => {
    const { port } = server.address() as AddressInfo;
    return syslog({ host: '127.0.0.1', port, ca, hostName: 'my laptop', ...more }).send(batch, from);
  };

  it('is sent messages of RFC 5424 in frames of RFC 5425', async () => {
    const received = Promise.withResolvers<Buffer>();
    handle = async (socket) => {
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      received.resolve(Buffer.concat(chunks));
      socket.end();
    };
    expect(await send()).toEqual({ kind: 'taken' });
    const messages = messagesIn(await received.promise).map((text) => form.exec(text)!);
    expect(messages.map((match) => match[7])).toEqual(batch.lines.map(({ line }) => line));
    expect(messages[2]!.slice(1, 7)).toEqual([
      '110',
      '2023-11-14T22:13:20.000Z',
      'mylaptop',
      String(process.pid),
      'connection-opened',
      '3',
    ]);
    expect(Math.max(...messages.map(([text]) => text.length))).toBeLessThan(8_192);
  });

  it.each<[string, (socket: TLSSocket) => void]>([
    ['resets', (socket) => socket.once('data', () => raw.at(-1)!.resetAndDestroy())],
    ['closes before it has read all', (socket) => socket.once('readable', () => socket.destroy())],
    ['never closes', () => {}],
  ])('that %s does not have them', async (_, behaviour) => {
    handle = behaviour;
    expect(await send({ timeoutMs: 300 })).toMatchObject({ kind: 'later' });
  });

  it('that says goodbye while lines are on their way does not have them', async () => {
    // More than sockets hold, so that it is not all written when the goodbye comes.
    batch = { ...batch, lines: Array(100).fill(batch.lines).flat() };
    handle = (socket) => {
      socket.once('finish', () => socket.resume());
      socket.pause().end();
    };
    expect(await send()).toEqual({ kind: 'later', why: 'it closed too early' });
  });

  it('whose certificate is not trusted, or names another, is sent nothing', async () => {
    let bytes = 0;
    handle = (socket) => socket.on('data', (chunk) => (bytes += chunk.length)).on('end', () => socket.end());
    for (const more of [{ ca: issueCertificates(['localhost']).ca }, { serverName: 'siem.example.com' }])
      expect(await send(more)).toMatchObject({ kind: 'later' });
    expect(bytes).toBe(0);
    expect(await send({ serverName: 'localhost' })).toEqual({ kind: 'taken' });
  });

  it('is let go of when the shipper ends', async () => {
    const abort = new AbortController();
    handle = (socket) => {
      abort.abort(new Error('ended'));
      socket.resume();
    };
    await expect(send({}, abort.signal)).rejects.toThrow('ended');
  });
});

it('that nobody listens at is tried later', async () => {
  const port = await freePort();
  const sent = await syslog({ host: '127.0.0.1', port, ca, hostName: 'h' }).send(batch, signal);
  expect(sent).toMatchObject({ kind: 'later', why: expect.stringContaining('ECONNREFUSED') });
});

/** Debian: apt-get install rsyslog rsyslog-gnutls. */
const rsyslog = findRsyslog();

describe.skipIf(!rsyslog)(`rsyslog${rsyslog ? '' : ' (not installed: rsyslog and rsyslog-gnutls)'}`, () => {
  it('gets each line, also those written before it was there', { timeout: 60_000 }, async () => {
    await using cleanup = new AsyncDisposableStack();
    const dir = await mkdtemp(join(tmpdir(), 'rsyslog-'));
    cleanup.defer(() => rm(dir, { recursive: true }));
    const port = await freePort();
    const log = cleanup.use(logs.writer());
    await log.flush();
    const destination = syslog({ host: '127.0.0.1', port, ca, hostName: 'laptop' });
    const { folder } = logs;
    const options = {
      name: 'rsyslog',
      folder,
      log,
      destination,
      cursorFile: join(dir, 'cursor'),
      clock: systemClock,
    };
    const shipper = new Shipper({ ...options, gatherMs: 1 });
    const waiting = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    shipper.onState(({ kind, sent }) => {
      if (kind === 'waiting') waiting.resolve();
      if (sent >= 405) taken.resolve();
    });
    cleanup.use(shipper.start());
    await waiting.promise;
    const child = await startRsyslog(dir, port);
    cleanup.defer(async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    });
    await taken.promise;
    const text = () => readFile(join(dir, 'out'), 'utf8');
    await vi.waitFor(
      async () => expect((await text()).trimEnd().split('\n').length).toBeGreaterThanOrEqual(405),
      {
        timeout: 20_000,
      },
    );
    const received = new Set((await text()).trimEnd().split('\n'));
    for (const { line, record } of batch.lines)
      expect(received).toContain(`sallyport ${record.event} [meta sequenceId="${record.seq}"] ${line}`);
  });

  async function startRsyslog(dir: string, port: number) {
    await writeFile(join(dir, 'ca.pem'), ca);
    await writeFile(join(dir, 'cert.pem'), certificates.server.cert);
    await writeFile(join(dir, 'key.pem'), certificates.server.key);
    const config = join(dir, 'rsyslog.conf');
    await writeFile(
      config,
      `global(workDirectory="${dir}" maxMessageSize="16k" DefaultNetstreamDriver="gtls"
        DefaultNetstreamDriverCAFile="${dir}/ca.pem" DefaultNetstreamDriverCertFile="${dir}/cert.pem"
        DefaultNetstreamDriverKeyFile="${dir}/key.pem")
      module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
      template(name="whole" type="string" string="%app-name% %msgid% %structured-data% %msg%\\n")
      ruleset(name="in") { action(type="omfile" file="${dir}/out" template="whole") }
      input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="in")`,
    );
    return spawn(rsyslog!, ['-n', '-f', config, '-i', join(dir, 'pid')], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
});

/** Undefined where rsyslog or its TLS driver is missing. */
function findRsyslog(): string | undefined {
  try {
    const found = execFileSync(
      '/bin/sh',
      ['-c', 'PATH=$PATH:/usr/sbin:/sbin; command -v rsyslogd; find /usr/lib -name lmnsd_gtls.so'],
      {
        encoding: 'utf8',
      },
    );
    const [program, driver] = found.trim().split('\n');
    return driver ? program : undefined;
  } catch {
    return undefined;
  }
}
