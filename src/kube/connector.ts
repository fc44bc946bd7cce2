/**
 * Sockets to one API server: TCP, perhaps a proxy, TLS. One keep-alive pool per client certificate. Credentials go to this
 * server alone: nothing here follows a redirect, and a proxy sees none of them.
 */
import { Agent, type ClientRequestArgs } from 'node:http';
import { connect as connectTcp, isIP } from 'node:net';
import { Duplex } from 'node:stream';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type SecureContext,
} from 'node:tls';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Credential } from './credentials.ts';
import { lending } from './lent-reads.ts';
import { bareHost, type ProxyEndpoint, portOf } from './proxy.ts';
import { openProxyTunnel, proxyName } from './proxy-tunnel.ts';
import { classifyNetworkError } from './status-error.ts';

/** For TCP, proxy and TLS together. */
const connectTimeoutMs = 10_000;
/** Sockets in use at once; each watch keeps one. */
const maxSockets = 256;
const maxIdleSockets = 8;
/** Below the 60 s after which the strictest load balancers forget a connection silently. */
const idleSocketMs = 30_000;
const keepAliveProbeMs = 30_000;
/** Node gives up an address after 250 ms by default: too short for a VPN. */
const addressAttemptMs = 2_000;

export interface ConnectorOptions {
  readonly server: URL;
  /** PEM; undefined means the system's and Node's own authorities. */
  readonly certificateAuthority: string | undefined;
  readonly tlsServerName: string | undefined;
  readonly insecureSkipTlsVerify: boolean;
  readonly proxy: ProxyEndpoint | undefined;
  readonly user: string;
  readonly loginHint: string | undefined;
  readonly clock: Clock;
}

export class Connector {
  readonly #options: ConnectorOptions;
  readonly #closing = new AbortController();
  #pool: Pool | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** The pool for the credential's client certificate. The pool of an earlier certificate takes no new requests. */
  agent(credential: Credential): Agent {
    return this.#poolFor(credential).agent;
  }

  /** For requests that last, as watches do: each dials a socket of its own, and leaves the warm ones to those who wait for an answer. */
  lastingAgent(credential: Credential): Agent {
    return this.#poolFor(credential).lasting;
  }

  /** A new socket of the caller's own. Throws SP-API-UNREACHABLE, SP-API-TLS, SP-API-PROXY, SP-LOGIN-REQUIRED, SP-KUBECONFIG-INVALID. */
  dial(credential: Credential): Promise<Duplex> {
    return this.#dial(this.#poolFor(credential));
  }

  /** Lets requests in progress end, and keeps no idle socket. */
  retire(): void {
    this.#pool?.retire();
  }

  /** Ends every pooled socket and every dial at once. */
  destroy(): void {
    this.#closing.abort();
    this.#pool?.agent.destroy();
    this.#pool?.lasting.destroy();
  }

  #poolFor(credential: Credential): Pool {
    const key = credential.clientCertificate?.fingerprint ?? '';
    if (this.#pool?.key === key) return this.#pool;
    const pool: Pool = new Pool(key, this.#secureContext(credential), () => this.#dial(pool));
    this.#pool?.retire();
    this.#pool = pool;
    return pool;
  }

  #secureContext(credential: Credential): SecureContext | undefined {
    const { server, certificateAuthority } = this.#options;
    if (server.protocol !== 'https:') return undefined;
    const { clientCertificate } = credential;
    try {
      return createSecureContext({
        ca: certificateAuthority ?? systemAuthorities(),
        ...(clientCertificate && { cert: clientCertificate.cert, key: clientCertificate.key.reveal() }),
      });
    } catch (error) {
      // OpenSSL's reason names the fault (key values mismatch, no start line) and quotes nothing.
      const { message } = error as Error;
      throw new AppError('SP-KUBECONFIG-INVALID', { message: `its certificates or key: ${message}` }, error);
    }
  }

  async #dial(pool: Pool): Promise<Duplex> {
    const { server, proxy, user, loginHint, clock } = this.#options;
    const open: Duplex[] = [];
    const abandon = (reason: AppError) => {
      for (const socket of open.toReversed()) socket.destroy(reason);
    };
    const closed = () =>
      abandon(new AppError('SP-API-UNREACHABLE', { server: server.origin, message: 'closed' }));
    if (this.#closing.signal.aborted) throw new AppError('SP-API-UNREACHABLE', { message: 'closed' });
    this.#closing.signal.addEventListener('abort', closed, { once: true });
    const deadline = clock.after(connectTimeoutMs, () =>
      abandon(
        new AppError('SP-API-UNREACHABLE', {
          server: server.origin,
          proxy: proxy && proxyName(proxy),
          message: `no connection within ${connectTimeoutMs / 1000} s`,
        }),
      ),
    );
    try {
      return await this.#connect(pool, (socket) => {
        open.push(socket);
        // Whoever uses the socket listens too; between two users nobody would, and an error would end the process.
        socket.on('error', () => {});
      });
    } catch (error) {
      abandon(AppError.from(error));
      throw classifyNetworkError(error, { server: server.origin, user, loginHint });
    } finally {
      deadline.cancel();
      this.#closing.signal.removeEventListener('abort', closed);
    }
  }

  async #connect(pool: Pool, opened: (socket: Duplex) => void): Promise<Duplex> {
    const { server, proxy } = this.#options;
    const destination = { host: bareHost(server), port: portOf(server) };
    const socket = proxy && (await this.#toProxy(proxy, opened));
    if (socket && proxy) await openProxyTunnel(socket, proxy, destination);
    if (pool.secureContext) return this.#serverTls(socket ?? destination, pool, opened);
    return socket ?? tcp(destination, opened);
  }

  /** A proxy's certificate may be of the cluster's authority too, as with kubectl; the client certificate stays here. */
  async #toProxy(proxy: ProxyEndpoint, opened: (socket: Duplex) => void): Promise<Duplex> {
    const { server, certificateAuthority } = this.#options;
    try {
      const socket = await tcp(proxy, opened);
      if (proxy.protocol !== 'https') return socket;
      const secured = connectTls({
        socket,
        ca: [...systemAuthorities(), ...(certificateAuthority ? [certificateAuthority] : [])],
        host: proxy.host,
        ...(isIP(proxy.host) ? {} : { servername: proxy.host }),
        // Said aloud, or NODE_TLS_REJECT_UNAUTHORIZED=0 would decide; insecure-skip-tls-verify is the cluster's alone.
        rejectUnauthorized: true,
        ALPNProtocols: ['http/1.1'],
      });
      opened(secured);
      return await once(secured, 'secureConnect');
    } catch (error) {
      throw classifyNetworkError(error, { server: server.origin, proxy: proxyName(proxy) });
    }
  }

  async #serverTls(
    over: Duplex | Destination,
    pool: Pool,
    opened: (socket: Duplex) => void,
  ): Promise<Duplex> {
    const { server, tlsServerName, insecureSkipTlsVerify } = this.#options;
    const name = tlsServerName ?? bareHost(server);
    const options: ConnectionOptions = {
      secureContext: pool.secureContext,
      // SNI knows no addresses, so the name that is verified is not always the one that is sent.
      ...(isIP(name) ? {} : { servername: name }),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      rejectUnauthorized: !insecureSkipTlsVerify,
      ALPNProtocols: ['http/1.1'],
      ...(pool.session ? { session: pool.session } : {}),
    };
    const secured =
      over instanceof Duplex
        ? connectTls({ ...options, socket: over })
        : lending((onread) => connectTls({ ...options, ...tcpOptions(over), ...onread }));
    opened(secured);
    secured.on('session', (session) => {
      pool.session = session;
    });
    try {
      return await once(secured, 'secureConnect');
    } catch (error) {
      pool.session = undefined;
      throw error;
    }
  }
}

/** Kept-alive sockets with one client certificate, and its TLS session for quick handshakes. */
class Pool {
  readonly key: string;
  readonly secureContext: SecureContext | undefined;
  readonly agent: Agent;
  readonly lasting: Agent;
  session: Buffer | undefined;

  constructor(key: string, secureContext: SecureContext | undefined, dial: () => Promise<Duplex>) {
    this.key = key;
    this.secureContext = secureContext;
    this.agent = new DialingAgent(dial, maxIdleSockets);
    this.lasting = new DialingAgent(dial, 0);
  }

  /** Idle sockets go now, busy ones after their request. */
  retire(): void {
    this.agent.maxFreeSockets = 0;
    for (const sockets of Object.values(this.agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
}

/** Node's pool over our own way to dial. Plain http.Agent, as TLS is already done when it gets a socket. */
class DialingAgent extends Agent {
  readonly #dial: () => Promise<Duplex>;

  constructor(dial: () => Promise<Duplex>, maxFreeSockets: number) {
    super({
      keepAlive: maxFreeSockets > 0,
      maxSockets,
      maxFreeSockets,
      timeout: idleSocketMs,
      scheduling: 'lifo',
    });
    this.#dial = dial;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback: (error: Error | null, socket: Duplex) => void = () => {},
  ): null {
    this.#dial().then(
      (socket) => callback(null, socket),
      // Node's type asks for a socket even beside an error.
      (error: Error) => callback(error, undefined as never),
    );
    return null;
  }
}

interface Destination {
  readonly host: string;
  readonly port: number;
}

const tcpOptions = ({ host, port }: Destination) => ({
  host,
  port,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveProbeMs,
  autoSelectFamilyAttemptTimeout: addressAttemptMs,
});

async function tcp(destination: Destination, opened: (socket: Duplex) => void): Promise<Duplex> {
  const socket = lending((onread) => connectTcp({ ...tcpOptions(destination), ...onread }));
  opened(socket);
  return once(socket, 'connect');
}

/** Resolves with the socket at `event`; rejects with its error, or when it closes before. */
function once<S extends Duplex>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  return new Promise((resolve, reject) => {
    const done = () => {
      socket.off('error', failed).off('close', closed);
      resolve(socket);
    };
    const failed = (error: Error) => {
      socket.off(event, done).off('close', closed);
      reject(error);
    };
    const closed = () => failed(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    socket.once(event, done).once('error', failed).once('close', closed);
  });
}

let authorities: readonly string[] | undefined;

/** What kubectl trusts without a certificate-authority: the system's store; plus Node's own and NODE_EXTRA_CA_CERTS. Read once: it is slow. */
function systemAuthorities(): string[] {
  authorities ??= [...new Set([...getCACertificates('system'), ...getCACertificates('default')])];
  return [...authorities];
}
