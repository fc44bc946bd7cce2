import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { freePort } from '../../test/support/free-port.ts';
import { expectNoHandles } from '../../test/support/no-handles.ts';
import { silentLog } from '../base/log.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { type ListenSpec, wantedAddresses } from './listen-address.ts';
import { type Admission, admitTimeoutMs, Listener, type ListenerOptions, maxAsked } from './listener.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-listener-'));
const listeners: Listener[] = [];
const others: (Server | Socket)[] = [];

afterEach(async () => {
  for (const other of others.splice(0)) 'destroy' in other ? other.destroy() : other.close();
  for (const listener of listeners.splice(0)) await listener[Symbol.asyncDispose]();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await expectNoHandles();
});

function listenerOn(listen: ListenSpec, options: Partial<ListenerOptions> = {}) {
  const clock = new FakeClock();
  const admitted: Socket[] = [];
  const onClient = (socket: Socket) => {
    socket.on('error', () => {});
    admitted.push(socket);
    others.push(socket);
  };
  const listener = new Listener({ listen, clock, log: silentLog, onClient, ...options });
  listeners.push(listener);
  return { listener, clock, admitted };
}

function portOf({ addresses: [at] }: Listener): number {
  return at?.kind === 'tcp' ? at.port : 0;
}

async function other(host: string, port = 0): Promise<{ port: number }> {
  const server = createServer().listen(port, host);
  others.push(server);
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port };
}

function client(to: { port: number; host?: string } | { path: string }): Socket {
  const socket = connect(to);
  socket.on('error', () => {});
  others.push(socket);
  return socket;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

const hasIpv6 = await other('::1').then(
  () => true,
  () => false,
);

describe('any port', () => {
  it('is none that is kept for another, as long as there are others', async () => {
    const asked: number[] = [];
    const isKept = (port: number) => asked.push(port) < 3;
    const bind = vi.spyOn(Server.prototype, 'listen');
    const { listener } = listenerOn({ kind: 'tcp', port: 0, addresses: ['127.0.0.1'], isKept });
    await listener.start();
    const bound = bind.mock.contexts;
    bind.mockRestore();
    expect(asked).toHaveLength(3);
    expect(portOf(listener)).toBe(asked[2]);
    // Whether the first two are free can be asked of nobody else: another program may have been given them by now.
    expect(bound.map((server) => (server as Server).listening)).toEqual([false, false, true]);
  });

  it('is taken all the same where all seem to be kept, and never asked about where one is named', async () => {
    const { listener } = listenerOn({ kind: 'tcp', port: 0, isKept: () => true });
    await listener.start();
    expect(portOf(listener)).toBeGreaterThan(0);
    const port = await freePort();
    const named = listenerOn({ kind: 'tcp', port, isKept: () => true }).listener;
    await named.start();
    expect(portOf(named)).toBe(port);
  });
});

describe('addresses', () => {
  it('localhost is both loopbacks, the second where there is one', () => {
    const both = [
      { address: '127.0.0.1', optional: false },
      { address: '::1', optional: true },
    ];
    expect(wantedAddresses()).toEqual(both);
    expect(wantedAddresses(['localhost', '127.0.0.1'])).toEqual(both);
    expect(wantedAddresses(['::1', 'localhost'])).toEqual([
      { address: '::1', optional: false },
      { address: '127.0.0.1', optional: false },
    ]);
    expect(wantedAddresses(['[::1]', '0.0.0.0'])).toEqual([
      { address: '::1', optional: false },
      { address: '0.0.0.0', optional: false },
    ]);
  });
});

describe('a TCP listener', () => {
  it.runIf(hasIpv6)('binds one free port on 127.0.0.1 and ::1', async () => {
    const { listener, admitted } = listenerOn({ kind: 'tcp', port: 0 });
    await listener.start();
    expect(listener.addresses.map((at) => at.kind === 'tcp' && at.address)).toEqual(['127.0.0.1', '::1']);
    const ports = new Set(listener.addresses.map((at) => at.kind === 'tcp' && at.port));
    expect(ports.size).toBe(1);
    const [port] = [...ports] as [number];
    for (const host of ['127.0.0.1', '::1']) await once(client({ port, host }), 'connect');
    await until(() => admitted.length === 2);
    expect(admitted.every((socket) => socket.allowHalfOpen)).toBe(true);
  });

  it('binds 127.0.0.1 alone where there is no ::1, and says so', async () => {
    whenBinding('::1', (server) => {
      const error = Object.assign(new Error('no IPv6'), { code: 'EADDRNOTAVAIL' });
      process.nextTick(() => server.emit('error', error));
    });
    const { listener } = listenerOn({ kind: 'tcp', port: 0 });
    await listener.start();
    expect([listener.addresses.length, listener.notBound]).toEqual([1, ['::1']]);
  });

  it('looks for another free port when the first is taken on another address', async () => {
    let blocked = 0;
    whenBinding('127.0.0.2', async (_server, { port, bind }) => {
      blocked = port;
      await other('127.0.0.2', port);
      bind();
    });
    const { listener } = listenerOn({ kind: 'tcp', port: 0, addresses: ['127.0.0.1', '127.0.0.2'] });
    await listener.start();
    const ports = listener.addresses.map((at) => at.kind === 'tcp' && at.port);
    expect([ports.length, new Set(ports).size]).toEqual([2, 1]);
    expect(blocked).toBeGreaterThan(0);
    expect(ports).not.toContain(blocked);
  });

  it('names who has the port', async () => {
    const { port } = await other('127.0.0.1');
    const { listener } = listenerOn(
      { kind: 'tcp', port, addresses: ['127.0.0.1'] },
      { portOwner: async (at) => `postgres (pid 7) at ${at.address}:${at.port}` },
    );
    await expect(listener.start()).rejects.toMatchObject({
      code: 'SP-LOCAL-PORT-IN-USE',
      details: { address: '127.0.0.1', port, owner: `postgres (pid 7) at 127.0.0.1:${port}` },
    });
  });

  it.runIf(hasIpv6)('binds nothing when another program has the port on ::1', async () => {
    const port = await freePort();
    await other('::1', port);
    const { listener } = listenerOn({ kind: 'tcp', port });
    await expect(listener.start()).rejects.toMatchObject({
      code: 'SP-LOCAL-PORT-IN-USE',
      details: { address: '[::1]', port },
    });
    await other('127.0.0.1', port);
  });

  it('says which address this machine does not have', async () => {
    const { listener } = listenerOn({ kind: 'tcp', port: 0, addresses: ['127.0.0.1', '192.0.2.1'] });
    await expect(listener.start()).rejects.toMatchObject({
      code: 'SP-LOCAL-ADDRESS',
      details: { address: '192.0.2.1', message: 'EADDRNOTAVAIL' },
    });
    expect(listener.addresses).toEqual([]);
  });

  it('frees the port when disposed, with clients still there', async () => {
    const port = await freePort();
    const { listener, admitted } = listenerOn({ kind: 'tcp', port, addresses: ['127.0.0.1'] });
    await listener.start();
    client({ port });
    await until(() => admitted.length === 1);
    await listener[Symbol.asyncDispose]();
    await other('127.0.0.1', port);
    expect(admitted[0]?.destroyed).toBe(false);
  });
});

describe('admission', () => {
  const tcp: ListenSpec = { kind: 'tcp', port: 0, addresses: ['127.0.0.1'] };
  const unknown = (reason: string): ErrorData => ({ code: 'SP-PEER-UNKNOWN', details: { reason } });
  const no = { kind: 'denied', error: { code: 'SP-PEER-DENIED', details: { uid: 7 } } } as const;
  const denials: Record<string, () => Admission | Promise<Admission>> = {
    'a no': () => no,
    'a later no': async () => no,
    'an error': () => {
      throw new Error('broken');
    },
    'a later error': () => Promise.reject(new Error('broken')),
  };

  it.each(Object.entries(denials))('%s resets the client, and is told', async (name, admit) => {
    const told: ErrorData[] = [];
    const { listener, admitted } = listenerOn(tcp, { admit, onDenied: (error) => told.push(error) });
    await listener.start();
    const [error] = await once(client({ port: portOf(listener) }), 'error');
    expect([error.code, admitted.length]).toEqual(['ECONNRESET', 0]);
    expect(told).toEqual([name.endsWith('no') ? no.error : unknown('failed')]);
  });

  it('tells a client why before it closes, where its protocol has words for it', async () => {
    const words = Buffer.from('no');
    const { listener, admitted } = listenerOn(tcp, { admit: async () => ({ ...no, words }) });
    await listener.start();
    const socket = client({ port: portOf(listener) });
    socket.write('what is never read');
    let heard = '';
    socket.setEncoding('utf8').on('data', (text) => {
      heard += text;
    });
    await once(socket, 'end');
    expect([heard, admitted.length]).toEqual(['no', 0]);
  });

  it('hands on who it is', async () => {
    const peer = { uid: 7, process: async () => undefined };
    const peers: unknown[] = [];
    const { listener } = listenerOn(tcp, {
      admit: async () => ({ kind: 'admitted', peer }),
      onClient: (socket, given) => {
        others.push(socket);
        peers.push(given);
      },
    });
    await listener.start();
    client({ port: portOf(listener) });
    await until(() => peers.length === 1);
    expect(peers).toEqual([peer]);
  });

  it('waits for a stated number of answers, and denies more clients', async () => {
    const asked: PromiseWithResolvers<Admission>[] = [];
    const denied: ErrorData[] = [];
    const admit = () => {
      const answer = Promise.withResolvers<Admission>();
      asked.push(answer);
      return answer.promise;
    };
    const { listener, admitted } = listenerOn(tcp, { admit, onDenied: (error) => denied.push(error) });
    await listener.start();
    const port = portOf(listener);
    for (let count = 0; count < maxAsked; count++) await once(client({ port }), 'connect');
    client({ port });
    await until(() => denied.length === 1);
    expect(denied).toEqual([unknown('busy')]);
    expect(asked).toHaveLength(maxAsked);
    for (const { resolve } of asked) resolve({ kind: 'admitted' });
    await until(() => admitted.length === maxAsked);
  });

  it('no answer in time resets the client', async () => {
    const asked = Promise.withResolvers<void>();
    const admit = () => {
      asked.resolve();
      return new Promise<Admission>(() => {});
    };
    const told: ErrorData[] = [];
    const { listener, clock } = listenerOn(tcp, { admit, onDenied: (error) => told.push(error) });
    await listener.start();
    const failed = once(client({ port: portOf(listener) }), 'error');
    await asked.promise;
    clock.advance(admitTimeoutMs);
    expect((await failed)[0].code).toBe('ECONNRESET');
    expect(told).toEqual([unknown('slow')]);
  });

  it('reads nothing of a client before it is let in, and all afterwards', async () => {
    const yes = Promise.withResolvers<Admission>();
    const asked: Socket[] = [];
    const receivedBytes = Promise.withResolvers<void>();
    let size = 0;
    const { listener } = listenerOn(tcp, {
      admit: (socket) => {
        asked.push(socket);
        return yes.promise;
      },
      onClient: (socket) => {
        others.push(socket);
        socket.on('data', ({ length }) => {
          size += length;
          if (size === 4_000_000) receivedBytes.resolve();
        });
      },
    });
    await listener.start();
    client({ port: portOf(listener) }).write(Buffer.alloc(4_000_000));
    // Each came by way of the loop that would have read of the first.
    for (let count = 2; count <= 5; count++) {
      client({ port: portOf(listener) });
      await until(() => asked.length === count);
    }
    expect(asked.map(({ bytesRead }) => bytesRead)).toEqual([0, 0, 0, 0, 0]);
    yes.resolve({ kind: 'admitted' });
    await receivedBytes.promise;
  });

  it('a later yes keeps the bytes that came meanwhile', async () => {
    const yes = Promise.withResolvers<Admission>();
    const first = Promise.withResolvers<string>();
    const { listener } = listenerOn(tcp, {
      admit: () => yes.promise,
      onClient: (socket) => {
        others.push(socket);
        socket.once('data', (chunk) => first.resolve(String(chunk)));
      },
    });
    await listener.start();
    const socket = client({ port: portOf(listener) });
    await new Promise<void>((resolve) => socket.write('early', () => resolve()));
    yes.resolve({ kind: 'admitted' });
    expect(await first.promise).toBe('early');
  });

  it('ends with the listener', async () => {
    const asked = Promise.withResolvers<void>();
    const admit = () => {
      asked.resolve();
      return new Promise<Admission>(() => {});
    };
    const { listener, admitted, clock } = listenerOn(tcp, { admit });
    await listener.start();
    const socket = client({ port: portOf(listener) });
    await asked.promise;
    await listener[Symbol.asyncDispose]();
    await once(socket, 'close');
    clock.advance(admitTimeoutMs);
    expect(admitted).toEqual([]);
  });
});

describe.runIf(process.platform !== 'win32')('a unix socket', () => {
  it('is for this user alone, and leaves no file', async () => {
    const path = join(folder, 'a.sock');
    const { listener, admitted } = listenerOn({ kind: 'unix', path });
    await listener.start();
    expect(listener.addresses).toEqual([{ kind: 'unix', path }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await once(client({ path }), 'connect');
    await until(() => admitted.length === 1);
    await listener[Symbol.asyncDispose]();
    expect(existsSync(path)).toBe(false);
  });

  it('takes the place of one that a dead program left', async () => {
    const path = join(folder, 'stale.sock');
    await leaveSocketFile(path);
    expect(existsSync(path)).toBe(true);
    const { listener, admitted } = listenerOn({ kind: 'unix', path });
    await listener.start();
    client({ path });
    await until(() => admitted.length === 1);
  });

  it('never takes the place of a live one', async () => {
    const path = join(folder, 'live.sock');
    const server = createServer().listen(path);
    others.push(server);
    await once(server, 'listening');
    const { listener } = listenerOn({ kind: 'unix', path });
    await expect(listener.start()).rejects.toMatchObject({
      code: 'SP-LOCAL-ADDRESS',
      details: { address: path },
    });
    await once(client({ path }), 'connect');
  });

  it('says that its folder does not exist, which the system calls EACCES', async () => {
    const path = join(folder, 'absent', 'x.sock');
    const { listener } = listenerOn({ kind: 'unix', path });
    await expect(listener.start()).rejects.toMatchObject({
      code: 'SP-LOCAL-ADDRESS',
      details: { address: path, message: `there is no folder ${join(folder, 'absent')}` },
    });
  });

  it('never takes the place of a file', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, 'precious');
    const { listener } = listenerOn({ kind: 'unix', path });
    await expect(listener.start()).rejects.toMatchObject({ code: 'SP-LOCAL-ADDRESS' });
    expect(existsSync(path)).toBe(true);
  });
});

/** Once, instead of the listener's next bind to `host`: what a busy machine may do to it. */
function whenBinding(
  host: string,
  act: (server: Server, at: { port: number; bind: () => void }) => void,
): void {
  const listen = Server.prototype.listen;
  const spy = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (
    this: Server,
    ...args: unknown[]
  ) {
    const [at] = args as [{ host?: string; port?: number }];
    const bind = () => Reflect.apply(listen, this, args);
    if (at.host !== host) return bind();
    spy.mockRestore();
    act(this, { port: at.port ?? 0, bind });
    return this;
  });
}

/** What a program that was killed leaves: libuv would remove its own file. */
async function leaveSocketFile(path: string): Promise<void> {
  const { execFile } = await import('node:child_process');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await new Promise<void>((resolve) => execFile(process.execPath, ['-e', script], () => resolve()));
}
