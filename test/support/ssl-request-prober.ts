import { connect, type Socket } from 'node:net';

/** SSLRequest of the PostgreSQL protocol: length 8, code 80877103. A server answers with one byte, S or N. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

export interface Probe {
  /** When connect() was called, ms on the monotonic clock. */
  readonly startedMs: number;
  /** When the answer came or the connection failed. */
  readonly endedMs: number;
  readonly error?: string;
}

/** Connects every so often, sends an SSLRequest and records what becomes of it. */
export class SslRequestProber implements AsyncDisposable {
  readonly probes: Probe[] = [];
  readonly #port: number;
  readonly #host: string;
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Map<Socket, Promise<void>>();
  #onProbe: (probe: Probe) => void = () => {};

  constructor(options: { port: number; host?: string; everyMs?: number }) {
    this.#port = options.port;
    this.#host = options.host ?? '127.0.0.1';
    this.#timer = setInterval(() => this.#probe(), options.everyMs ?? 50);
  }

  get errors(): readonly Probe[] {
    return this.probes.filter((probe) => probe.error !== undefined);
  }

  /** Resolves with the first answer that comes to a probe begun from now on or still waiting. */
  nextAnswer(): Promise<Probe> {
    return new Promise((resolve) => {
      this.#onProbe = (probe) => {
        if (probe.error === undefined) resolve(probe);
      };
    });
  }

  /** Begins no more probes and waits for those that are open. */
  async finish(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #probe(): void {
    const startedMs = performance.now();
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    socket.write(sslRequest);
    const closed = new Promise<void>((resolve) => {
      let settled = false;
      const settle = (error?: string) => {
        if (settled) return;
        settled = true;
        this.#open.delete(socket);
        const probe = { startedMs, endedMs: performance.now(), ...(error === undefined ? {} : { error }) };
        this.probes.push(probe);
        this.#onProbe(probe);
        socket.destroy();
        resolve();
      };
      socket.on('data', (answer) =>
        settle(answer[0] === 0x53 || answer[0] === 0x4e ? undefined : 'not S or N'),
      );
      socket.on('end', () => settle('ended without an answer'));
      socket.on('error', (error) => settle(error.message));
      socket.on('close', () => settle('closed without an answer'));
    });
    this.#open.set(socket, closed);
  }
}

/**
 * When a Postgres first answers an SSLRequest, asked directly every few ms at the address that `find` gives once it is known; ms on the
 * monotonic clock.
 */
export async function firstDirectAnswer(find: () => Promise<string | undefined>): Promise<number> {
  let host: string | undefined;
  while (!host) host = await find();
  await using prober = new SslRequestProber({ port: 5432, host, everyMs: 3 });
  return (await prober.nextAnswer()).endedMs;
}
