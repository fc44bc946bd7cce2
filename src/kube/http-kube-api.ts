/** KubeApi over HTTP/1.1: which credentials, the one retry after a 401, and what each answer means. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { WebSocket } from 'ws';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import { Listeners } from '../base/listeners.ts';
import type { Log } from '../base/log.ts';
import { type Access, type AccessOptions, isUpToDate, loadAccess } from './access.ts';
import type { Credential } from './credentials.ts';
import {
  type Answer,
  Deadline,
  maxBodyBytes,
  readBody,
  readErrorBody,
  readLines,
  send,
} from './http-exchange.ts';
import type {
  KubeApi,
  KubeApiChange,
  KubeRequest,
  UpgradedSocket,
  UpgradeRequest,
  WebSocketRequest,
} from './kube-api.ts';
import { classifyNetworkError, classifyStatus } from './status-error.ts';
import { unlessAborted } from './unless-aborted.ts';
import { watchFiles } from './watch-files.ts';
import { openWebSocket } from './web-socket.ts';

const defaultTimeoutMs = 30_000;

export interface KubeApiOptions
  extends Pick<
    AccessOptions,
    'kubeconfig' | 'context' | 'namespace' | 'impersonate' | 'env' | 'clock' | 'log' | 'interactive'
  > {
  /** Called for each request. */
  readonly userAgent: () => string;
  /** What a credential plugin says to the person (its standard error). */
  readonly onPluginOutput?: (text: string) => void;
  /** A plugin may read standard input. Default: it is a terminal. */
  readonly stdinIsTerminal?: () => boolean;
}

/** Reads the kubeconfig; nothing is sent yet. Throws SP-KUBECONFIG-MISSING, SP-KUBECONFIG-INVALID, SP-CONTEXT-UNKNOWN, SP-API-PROXY. */
export async function createKubeApi(options: KubeApiOptions): Promise<KubeApi> {
  const closing = new AbortController();
  const pipes = new Map<string, string>();
  const load = () =>
    loadAccess({
      ...options,
      stdinIsTerminal: options.stdinIsTerminal ?? (() => process.stdin.isTTY === true),
      onPluginOutput: options.onPluginOutput ?? (() => {}),
      pipes,
      signal: closing.signal,
    });
  return new HttpKubeApi({ ...options, access: await load(), load, closing });
}

interface HttpKubeApiOptions {
  readonly access: Access;
  readonly load: () => Promise<Access>;
  readonly closing: AbortController;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: () => string;
}

/** One attempt with one credential. */
interface Attempt {
  readonly access: Access;
  readonly credential: Credential;
}

class HttpKubeApi implements KubeApi {
  readonly #options: HttpKubeApiOptions;
  readonly #changes = new Listeners<KubeApiChange>();
  readonly #onAsking = new Listeners<boolean>();
  /** Requests that wait for a credential. */
  #asking = 0;
  #access: Access;
  #loading: Promise<Access> | undefined;
  #watch: Disposable | undefined;

  constructor(options: HttpKubeApiOptions) {
    this.#options = options;
    this.#access = options.access;
    this.#warn();
  }

  get key(): string {
    const { server, user, impersonation } = this.#access;
    const as = Object.values(impersonation).flat().join(' ');
    return `${server.href} ${user}${as && ` as ${as}`}`;
  }

  get server(): string {
    return this.#access.server.href.replace(/\/$/, '');
  }

  get namespace(): string {
    return this.#access.namespace;
  }

  get contextName(): string {
    return this.#access.contextName;
  }

  get warnings(): readonly string[] {
    return this.#access.warnings;
  }

  onChange(listener: (change: KubeApiChange) => void): () => void {
    const remove = this.#changes.add(listener);
    this.#watch ??= this.#watchFiles();
    return () => {
      remove();
      if (this.#changes.size > 0) return;
      this.#watch?.[Symbol.dispose]();
      this.#watch = undefined;
    };
  }

  onAsking(listener: (isAsking: boolean) => void): () => void {
    const remove = this.#onAsking.add(listener);
    if (this.#asking > 0) listener(true);
    return remove;
  }

  async request<T>(request: KubeRequest): Promise<T> {
    return this.#authorized(request.signal, async (attempt) => {
      using deadline = this.#deadline(request.timeoutMs ?? defaultTimeoutMs, request.signal);
      const answer = await this.#send(attempt, request, deadline.signal);
      if (answer.kind === 'upgraded') throw unasked(answer);
      const limitBytes = request.maxAnswerBytes ?? maxBodyBytes;
      const text = await this.#body(attempt, answer.response, { limitBytes, signal: deadline.signal });
      try {
        return JSON.parse(text) as T;
      } catch (error) {
        throw new AppError('SP-API-ERROR', { message: 'the answer is not JSON', server: this.server }, error);
      }
    });
  }

  preconnect(): void {
    // /version is open to everybody and costs the server nothing; its connection stays in the pool.
    this.request({ path: '/version' }).catch(() => {});
  }

  async *lines(request: Parameters<KubeApi['lines']>[0]): AsyncGenerator<string> {
    const { idleTimeoutMs, onOpen } = request;
    const opened = await this.#authorized(request.signal, (attempt) => this.#open(attempt, request));
    const { response } = opened;
    using deadline = opened.deadline;
    onOpen?.();
    deadline.extend(idleTimeoutMs);
    response.on('data', () => deadline.extend(idleTimeoutMs)).pause();
    try {
      yield* readLines(response);
    } catch (error) {
      deadline.signal.throwIfAborted();
      throw classifyNetworkError(error, { server: this.server });
    } finally {
      response.destroy();
    }
  }

  upgrade(request: UpgradeRequest): Promise<UpgradedSocket> {
    return this.#authorized(request.signal, async (attempt) => {
      using deadline = this.#deadline(request.timeoutMs, request.signal);
      const headers = { ...request.headers, Connection: 'Upgrade' };
      const answer = await this.#send(attempt, { ...request, method: 'POST', headers }, deadline.signal);
      const wanted = request.headers.Upgrade ?? '';
      if (answer.kind === 'upgraded') {
        if (answer.headers.upgrade?.toLowerCase() === wanted.toLowerCase()) return answer;
        throw unasked(answer);
      }
      answer.response.destroy();
      throw new AppError('SP-UPGRADE-REFUSED', {
        message: `it answered ${answer.response.statusCode} instead of 101`,
      });
    });
  }

  webSocket(request: WebSocketRequest): Promise<WebSocket> {
    return this.#authorized(request.signal, async ({ access, credential }) => {
      using deadline = this.#deadline(request.timeoutMs, request.signal);
      // Awaited here, or the deadline would be disposed before it could pass.
      return await openWebSocket({
        dial: () => access.connector.dial(credential),
        secure: access.server.protocol === 'https:',
        path: prefixed(access, request.path),
        headers: { ...this.#headers({ access, credential }), ...request.headers },
        protocols: request.protocols,
        signal: deadline.signal,
        context: this.#statusContext(access, 'GET', request.path, true),
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    // Ends plugins and every request, also those on connections from before the kubeconfig changed.
    this.#options.closing.abort(closed());
    this.#access.connector.destroy();
  }

  /** Runs an attempt, and after a 401 one more with credentials and files read anew. */
  async #authorized<T>(signal: AbortSignal | undefined, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt = await this.#attempt(signal);
    try {
      return await run(attempt);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'SP-LOGIN-REQUIRED') throw error;
      this.#options.log.debug('unauthorized', { server: this.server, user: attempt.access.user });
      attempt.access.credentials.discard(attempt.credential);
      await this.#reload();
      return run(await this.#attempt(signal));
    }
  }

  async #attempt(signal: AbortSignal | undefined): Promise<Attempt> {
    signal?.throwIfAborted();
    this.#options.closing.signal.throwIfAborted();
    if (!(await isUpToDate(this.#access))) await this.#reload();
    const access = this.#access;
    const credential = await unlessAborted(this.#credential(access), signal);
    return { access, credential };
  }

  async #credential({ credentials }: Access): Promise<Credential> {
    if (credentials.atHand) return credentials.current();
    if (this.#asking++ === 0) this.#onAsking.emit(true);
    try {
      return await credentials.current();
    } finally {
      if (--this.#asking === 0) this.#onAsking.emit(false);
    }
  }

  /** Reads the files anew. What means the same as before changes nothing: pools and credentials stay. */
  #reload(): Promise<Access> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<Access> {
    const before = this.#access;
    const next = await this.#options.load();
    if (this.#options.closing.signal.aborted) return before;
    if (next.digest === before.digest) {
      this.#access = { ...before, files: next.files };
      return this.#access;
    }
    this.#access = next;
    before.connector.retire();
    this.#options.log.info('kubeconfig-changed', { context: next.contextName, server: next.server.href });
    this.#warn();
    if (this.#watch) {
      this.#watch[Symbol.dispose]();
      this.#watch = this.#watchFiles();
    }
    this.#changes.emit(next.identity === before.identity ? 'touched' : 'replaced');
    return next;
  }

  #watchFiles(): Disposable {
    const { clock, log } = this.#options;
    return watchFiles([...this.#access.files.keys()], {
      clock,
      onChange: () => this.#changes.emit('touched'),
      // No loss that anybody must know of: each dial looks at its files anyway.
      onUnwatched: (at) => log.debug('folder-not-watched', at),
    });
  }

  #warn(): void {
    for (const warning of this.#access.warnings) this.#options.log.warn('kubeconfig-warning', { warning });
  }

  /** An answer that is read for as long as it lasts, with the deadline that still guards it. */
  async #open(attempt: Attempt, request: Parameters<KubeApi['lines']>[0]) {
    const deadline = this.#deadline(request.timeoutMs ?? defaultTimeoutMs, request.signal);
    try {
      const agent = attempt.access.connector.lastingAgent(attempt.credential);
      const answer = await this.#send(attempt, request, deadline.signal, agent);
      if (answer.kind === 'upgraded') throw unasked(answer);
      return { response: answer.response, deadline };
    } catch (error) {
      deadline[Symbol.dispose]();
      throw error;
    }
  }

  /** Sends, and rejects with an AppError unless the answer is the one asked for (2xx, or an upgrade). */
  async #send(
    { access, credential }: Attempt,
    request: KubeRequest,
    signal: AbortSignal,
    agent = access.connector.agent(credential),
  ): Promise<Answer> {
    const method = request.method ?? 'GET';
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const upgrade = request.headers?.Upgrade !== undefined;
    let answer: Answer;
    try {
      answer = await send({
        agent,
        method,
        path: prefixed(access, request.path),
        headers: {
          ...this.#headers({ access, credential }),
          ...(upgrade ? {} : { Accept: 'application/json' }),
          ...(body === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
          ...request.headers,
        },
        body,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw classifyNetworkError(error, { server: this.server, user: access.user });
    }
    if (answer.kind === 'upgraded') return answer;
    const { statusCode = 0, headers } = answer.response;
    if (statusCode >= 200 && statusCode <= 299) return answer;
    const text = await readErrorBody(answer.response);
    signal.throwIfAborted();
    throw classifyStatus(statusCode, text, {
      ...this.#statusContext(access, method, request.path, upgrade),
      retryAfter: headers['retry-after'],
    });
  }

  async #body(
    { access }: Attempt,
    response: Extract<Answer, { kind: 'response' }>['response'],
    { limitBytes, signal }: { readonly limitBytes: number; readonly signal: AbortSignal },
  ) {
    try {
      return await readBody(response, limitBytes);
    } catch (error) {
      signal.throwIfAborted();
      throw classifyNetworkError(error, { server: access.server.origin });
    }
  }

  #headers({ access, credential }: Attempt): OutgoingHttpHeaders {
    return {
      Host: access.server.host,
      'User-Agent': this.#options.userAgent(),
      ...(credential.authorization ? { Authorization: credential.authorization.reveal() } : {}),
      ...access.impersonation,
    };
  }

  #statusContext(access: Access, method: string, path: string, upgrade: boolean) {
    const { user, credentials } = access;
    return { method, path, upgrade, server: this.server, user, loginHint: credentials.loginHint };
  }

  #deadline(timeoutMs: number, signal: AbortSignal | undefined): Deadline {
    const { clock, closing } = this.#options;
    const ends = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    return new Deadline({ clock, server: this.server, timeoutMs, signal: ends });
  }
}

const closed = () => new AppError('SP-API-UNREACHABLE', { message: 'closed' });

/** A switch of protocols that nobody asked for. */
function unasked({ socket }: UpgradedSocket): AppError {
  socket.destroy();
  return new AppError('SP-UPGRADE-REFUSED', {
    message: 'it switched to another protocol than the one asked for',
  });
}

/** The server's own path (Rancher, kubectl proxy) before the request's. */
function prefixed({ server }: Access, path: string): string {
  return server.pathname.replace(/\/$/, '') + path;
}
