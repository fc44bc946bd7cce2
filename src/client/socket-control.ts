import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { AppError } from '../base/app-error.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { OperationAnswer, OperationInput, OperationName } from '../contract/control.ts';
import {
  eventsPath,
  maxAnswerBytes,
  operationPath,
  pageHeader,
  protocolHeader,
  protocolVersion,
  versionHeader,
} from '../contract/control-protocol.ts';
import { answerLimitMs } from './answer-limit.ts';
import { answeredError } from './answered-error.ts';
import type { CallOptions, Control, ControlObserver } from './control.ts';
import type { EventSocket } from './event-feed.ts';
import { EventFeeds } from './event-feeds.ts';

export interface SocketControlOptions {
  /** A unix socket's path, or a named pipe's. */
  readonly socketPath: string;
  /** Of this program. */
  readonly version: string;
  /** Called when nobody listens; the call is tried once more when it resolves. What it rejects with is the call's error. */
  readonly start?: (() => Promise<void>) | undefined;
  readonly clock?: Clock;
}

interface PostOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly forPage: boolean;
}

/** servername: there is no TLS to find a name for, and the look costs a short command 4 ms. */
const agentOptions = { keepAlive: true, maxSockets: 8, servername: '' };

/** Control over the daemon's socket. Nothing is opened before the first call. */
export class SocketControl implements Control {
  readonly #options: SocketControlOptions;
  readonly #agent: Agent;
  readonly #feeds = new EventFeeds();
  #starting: Promise<void> | undefined;
  #daemonVersion: string | undefined;

  constructor(options: SocketControlOptions) {
    this.#options = options;
    this.#agent = new Agent(agentOptions);
  }

  /** As the last answer had it: where it is not this program's own, a restart of the daemon is worth offering. */
  get daemonVersion(): string | undefined {
    return this.#daemonVersion;
  }

  async call<N extends OperationName>(
    operation: N,
    input: OperationInput<N>,
    options: CallOptions = {},
  ): Promise<OperationAnswer<N>> {
    const { signal, start = true, forPage = false } = options;
    const timeoutMs = answerLimitMs(input, options);
    const send = () =>
      this.#post(operationPath(operation), JSON.stringify(input), { timeoutMs, signal, forPage });
    try {
      return (await send()) as OperationAnswer<N>;
    } catch (error) {
      const isGone = AppError.from(error).code === 'SP-DAEMON-NOT-RUNNING';
      if (!start || !this.#options.start || !isGone) throw error;
      await this.#start();
      return (await send()) as OperationAnswer<N>;
    }
  }

  subscribe(observer: ControlObserver): Disposable {
    const { version, clock = systemClock } = this.#options;
    return this.#feeds.follow({ connect: () => this.#events(), version, clock }, observer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feeds[Symbol.dispose]();
    this.#agent.destroy();
  }

  #start(): Promise<void> {
    this.#starting ??= Promise.resolve(this.#options.start?.()).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  #headers(): Record<string, string> {
    return { [protocolHeader]: String(protocolVersion), [versionHeader]: this.#options.version };
  }

  #post(path: string, body: string, { timeoutMs, signal, forPage }: PostOptions): Promise<unknown> {
    const { clock = systemClock, socketPath } = this.#options;
    return new Promise((resolve, reject) => {
      const outgoing = request({
        socketPath,
        agent: this.#agent,
        method: 'POST',
        path,
        headers: {
          ...this.#headers(),
          ...(forPage && { [pageHeader]: '1' }),
          host: 'sallyport',
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
        ...(signal && { signal }),
      });
      const timer = clock.after(timeoutMs, () =>
        outgoing.destroy(new AppError('SP-DAEMON-LOST', { message: `no answer in ${timeoutMs} ms` })),
      );
      const settle = (finish: () => void) => {
        timer.cancel();
        finish();
      };
      outgoing.once('error', (error) => settle(() => reject(signal?.aborted ? signal.reason : lost(error))));
      outgoing.once('response', (response) => {
        const version = response.headers[versionHeader];
        if (typeof version === 'string') this.#daemonVersion = version;
        readJson(response).then(
          (answer) =>
            settle(() => (response.statusCode === 200 ? resolve(answer) : reject(answeredError(answer)))),
          (error) => settle(() => reject(lost(error))),
        );
      });
      outgoing.end(body);
    });
  }

  async #events(): Promise<EventSocket> {
    const { WebSocket } = await import('ws');
    const { socketPath } = this.#options;
    return new WebSocket(`ws://sallyport${eventsPath}`, {
      createConnection: () => connect(socketPath),
      headers: this.#headers(),
      perMessageDeflate: false,
      maxPayload: maxAnswerBytes,
    }) as EventSocket;
  }
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxAnswerBytes) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function lost(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  // A socket file without a listener is what a killed daemon leaves.
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return new AppError('SP-DAEMON-NOT-RUNNING', {}, error);
  if (code === 'EACCES' || code === 'EPERM')
    return new AppError('SP-DAEMON-LOST', { message: 'its socket belongs to another user' }, error);
  return new AppError('SP-DAEMON-LOST', { message }, error);
}
