import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError } from '../base/app-error.ts';
import { finishLocal } from '../base/finish-local.ts';
import { resetSocket } from '../base/reset-socket.ts';
import { type Greeting, greetClient, type LocalProof, type StartupRequest } from './client-greeting.ts';
import { farewell, fatal } from './client-words.ts';
import type { GatewayEvent, LoginNames } from './gateway-event.ts';
import type { GatewayShared, ServeOptions } from './gateway-options.ts';
import { authenticationOk, backendKeyData, type CancelKey, cancelRequest, readyForQuery } from './message.ts';
import { MessageStream } from './message-stream.ts';
import { poolerRules } from './pooler-rules.ts';
import { LoginRefused, type Reached, reachDatabase } from './reach-database.ts';
import { readOnlyRules } from './read-only-guard.ts';
import { Splice } from './splice.ts';
import { auditedRules } from './statement-audit.ts';
import { isSuperuser, letsAnyoneIn } from './upstream-access.ts';
import { openingBytes, secureStream } from './upstream-tls.ts';

interface ConnectionOptions extends ServeOptions {
  readonly shared: GatewayShared;
}

interface Hello {
  /** Of the client's own; undefined where there is none to give. */
  readonly key: CancelKey | undefined;
  readonly bytes: Buffer;
}

/** PostgreSQL's authentication_timeout. */
const greetTimeoutMs = 60_000;
const cancelTimeoutMs = 10_000;

/** One local client of a gateway, from accept to close. */
export class GatewayConnection {
  /** Resolves when nothing is left to do for the pod's side and the socket is closed or closing; with the error that ended it. */
  readonly over: Promise<AppError | undefined>;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #abort = new AbortController();
  #splice: Splice | undefined;
  /** TLS over the socket, where the client asked for it. */
  #client: Socket;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#client = socket;
    this.#options = options;
    socket.on('error', () => {});
    this.over = this.#run();
  }

  /** Ends it at once; a client that can be told why is told so, as by a server that shuts down. */
  end(error?: AppError): void {
    if (this.#splice) return this.#splice.end(error);
    this.#abort.abort(error ?? new AppError('SP-STREAM-RESET', { message: 'the tunnel was closed' }));
  }

  async #run(): Promise<AppError | undefined> {
    try {
      const greeting = await this.#greet();
      this.#client = greeting.wire.stream as Socket;
      if (greeting.kind === 'cancel') {
        await this.#cancel(greeting.cancel);
        this.#finish();
        return undefined;
      }
      if (greeting.kind === 'denied') {
        this.#event({ kind: 'denied', why: greeting.why, user: greeting.user });
        greeting.wire.release();
        this.#finish();
        return undefined;
      }
      return await this.#serve(greeting);
    } catch (thrown) {
      resetSocket(this.#socket);
      return AppError.from(thrown);
    }
  }

  async #greet(): Promise<Greeting> {
    const { shared, passwordless = () => false } = this.#options;
    const { clock, local } = shared;
    const onEvent = (event: GatewayEvent) => this.#event(event);
    if (!shared.enter()) {
      onEvent({ kind: 'denied', why: 'too-many', user: undefined });
      throw new AppError('SP-HOLD-FULL');
    }
    const timer = clock.after(greetTimeoutMs, () => {
      onEvent({ kind: 'denied', why: 'too-slow', user: undefined });
      resetSocket(this.#socket);
    });
    const abort = () => resetSocket(this.#socket);
    this.#abort.signal.addEventListener('abort', abort, { once: true });
    try {
      return await greetClient(this.#socket, local, { passwordless });
    } catch (thrown) {
      const error = AppError.from(thrown);
      // Anything else is a client that went away.
      if (error.code === 'SP-DB-TLS' || error.code === 'SP-DB-PROTOCOL')
        onEvent({ kind: 'denied', why: 'protocol', user: undefined });
      throw error;
    } finally {
      this.#abort.signal.removeEventListener('abort', abort);
      timer.cancel();
      shared.leave();
    }
  }

  async #serve({
    wire,
    startup,
    encrypted,
    proof,
  }: Extract<Greeting, { kind: 'in' }>): Promise<AppError | undefined> {
    const { shared } = this.#options;
    const names = namesOf(startup);
    try {
      if (startup.replication) refuseReplication(shared);
      const reached = await this.#reach(startup, wire.gone);
      const hello = this.#greeting(startup, reached);
      // Before its own record, which is made in the same turn: the client goes on meanwhile.
      wire.write(hello.bytes);
      this.#tell(names, { reached, local: encrypted, proof });
      return await this.#join(startup, { reached, fromClient: wire.release(), key: hello.key });
    } catch (thrown) {
      const error = AppError.from(thrown);
      this.#event({ kind: 'login-failed', ...names, error: error.toData() });
      wire.write(error instanceof LoginRefused && speaksForItself(error) ? error.raw : fatal(error));
      wire.release();
      this.#finish();
      return error;
    }
  }

  async #reach(startup: StartupRequest, clientGone: Promise<AppError>): Promise<Reached> {
    const { shared, dial } = this.#options;
    const { clock, holdMs } = shared;
    const abort = this.#abort;
    const timer = clock.after(holdMs, () => abort.abort(new AppError('SP-HOLD-TIMEOUT', { heldMs: holdMs })));
    void clientGone.then((error) => abort.abort(error));
    try {
      return await reachDatabase({
        access: shared.upstream,
        session: startup,
        dial,
        clock,
        keyCache: shared.keyCache,
        plainServers: shared.plainServers,
        signal: abort.signal,
      });
    } finally {
      timer.cancel();
    }
  }

  /** Both logins are done: the client hears what the server said in its own. */
  #greeting(startup: StartupRequest, { dialled, entered }: Reached): Hello {
    const { cancelKeys } = this.#options.shared;
    const key = entered.cancelKey && cancelKeys.issue({ dialled, key: entered.cancelKey }, startup.minor);
    const parts = [authenticationOk, entered.greeting, ...(key ? [backendKeyData(key)] : []), readyForQuery];
    return { key, bytes: Buffer.concat(parts) };
  }

  /** The two connections become one. */
  #join(
    startup: StartupRequest,
    { reached, fromClient, key }: { reached: Reached; fromClient: Buffer; key: CancelKey | undefined },
  ): Promise<AppError | undefined> {
    const { clock, cancelKeys, upstream, statementAudit = false } = this.#options.shared;
    const { dialled, entered } = reached;
    const { promise, resolve } = Promise.withResolvers<AppError | undefined>();
    const names = namesOf(startup);
    const guard = upstream.readOnly
      ? readOnlyRules({
          onRefused: (why) => this.#event({ kind: 'statement-refused', ...names, why }),
          // After the bytes that say so have gone on.
          onUnset: () =>
            queueMicrotask(() =>
              splice.end(new AppError('SP-DB-READ-ONLY', { message: 'the session was made writable' })),
            ),
        })
      : undefined;
    const tried = { user: reached.credential.user, pod: dialled.pod.name };
    const ofPooler = entered.pooler
      ? poolerRules(tried, (error) =>
          this.#event({ kind: 'session-refused', ...names, error: error.toData() }),
        )
      : undefined;
    const rules = statementAudit
      ? auditedRules(guard?.toServer, (statement) =>
          this.#event({ kind: 'statement', ...names, ...statement }),
        )
      : guard?.toServer;
    const splice = new Splice({
      toServer: rules && new MessageStream(rules),
      toClient: new MessageStream(guard?.toClient ?? ofPooler),
      client: this.#client,
      server: entered.wire.stream,
      fromClient,
      fromServer: entered.wire.release(),
      clock,
      farewell: (error) => farewell(error, dialled.pod.name),
      onOver: (error) => {
        if (key) cancelKeys.revoke(key);
        dialled.stream.destroy();
        // What failed is the stream below TLS, and says more.
        const { errored } = dialled.stream;
        resolve(errored ? AppError.from(errored) : error);
      },
    });
    this.#splice = splice;
    splice.start();
    // Ended in the moment between the login and here.
    if (this.#abort.signal.aborted) splice.end(AppError.from(this.#abort.signal.reason));
    return promise;
  }

  #tell(
    names: LoginNames,
    { reached, local, proof }: { reached: Reached; local: boolean; proof: LocalProof },
  ): void {
    const { dialled, entered, credential } = reached;
    this.#event({
      kind: 'login',
      ...names,
      proof,
      pod: dialled.pod,
      role: credential.user,
      method: entered.method,
      letsAnyoneIn: letsAnyoneIn(entered, reached.tls),
      superuser: isSuperuser(entered),
      encrypted: { local, server: entered.encrypted },
      serverVersion: entered.parameters.get('server_version'),
      inRecovery: entered.inRecovery,
      pooler: entered.pooler,
    });
  }

  /** Passes a CancelRequest on to the pod and process it is for. As a server, it answers nothing but the end of the connection. */
  async #cancel(cancel: CancelKey): Promise<void> {
    const { clock, cancelKeys, upstream } = this.#options.shared;
    const target = cancelKeys.find(cancel);
    this.#event({ kind: 'cancel', found: target !== undefined });
    if (!target) return;
    const request = cancelRequest(target.key);
    const timer = clock.after(cancelTimeoutMs, () => this.#abort.abort(new AppError('SP-STREAM-TIMEOUT')));
    const { signal } = this.#abort;
    let stream: Duplex | undefined;
    try {
      const tls = await upstream.tls();
      stream = await target.dialled.again({ head: openingBytes(tls, request), signal });
      stream.on('error', () => {});
      signal.addEventListener('abort', () => stream?.destroy(), { once: true });
      const secured = await secureStream(stream, tls, request);
      secured.stream.resume();
      await closed(secured.stream);
    } catch {
      // The pod is gone, and with it what was to be cancelled.
    } finally {
      timer.cancel();
      stream?.destroy();
    }
  }

  #event(event: GatewayEvent): void {
    this.#options.shared.onEvent(event, this.#options.connection);
  }

  /** What was written goes out first. */
  #finish(): void {
    finishLocal({ socket: this.#client, clock: this.#options.shared.clock, how: 'end' });
  }
}

/** The server closes when it has done what was asked. */
function closed(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.readableEnded) return resolve();
    stream.once('end', resolve);
    stream.once('close', resolve);
  });
}

/** The refused password is none of the client's; a full pooler uses the code of a protocol violation. */
function speaksForItself({ code, details }: LoginRefused): boolean {
  return code === 'SP-DB-FULL' ? details.sqlstate === '53300' : code !== 'SP-DB-PASSWORD-REFUSED';
}

function refuseReplication({ replication, upstream }: GatewayShared): void {
  const message = 'replication connections are refused';
  if (upstream.readOnly) throw new AppError('SP-DB-READ-ONLY', { message });
  if (replication === 'refuse') throw new AppError('SP-DB-POLICY', { message });
}

function namesOf({ user, database, applicationName }: StartupRequest): LoginNames {
  return { user, database, applicationName };
}
