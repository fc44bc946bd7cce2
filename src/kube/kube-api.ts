import type { IncomingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/**
 * One cluster as one user sees it. All that talks to the API server goes through this interface; credentials, proxies, TLS, the
 * one retry after 401 and the classification of errors are behind it. Every method rejects with an AppError
 * (SP-API-*, SP-LOGIN-REQUIRED, SP-CREDENTIAL-PLUGIN, SP-FORBIDDEN, SP-ADMISSION-DENIED, SP-TARGET-NOT-FOUND, SP-UPGRADE-REFUSED).
 */
export interface KubeApi extends AsyncDisposable {
  /** Server URL and user name of the context: what carriers and warm sets are remembered by. */
  readonly key: string;
  readonly server: string;
  /** Namespace of the context, `default` where it names none. */
  readonly namespace: string;
  readonly contextName: string;
  /** What a person must be told about this connection, one sentence each (TLS verification is off). */
  readonly warnings: readonly string[];
  /**
   * Calls back after the kubeconfig, or a file that it names, has changed. The files are only watched while somebody listens. Returns
   * the function that removes the listener.
   */
  onChange(listener: (change: KubeApiChange) => void): () => void;
  /**
   * Calls back when requests begin to wait for a credential plugin or an identity provider, at once where they do already, and when they
   * need not wait any more. Returns the function that removes the listener.
   */
  onAsking(listener: (isAsking: boolean) => void): () => void;
  /** Opens a connection beside the one that the first request opens, for the request that follows it. Never fails. */
  preconnect(): void;
  /** One JSON request. Times out after `timeoutMs` (default 30 s). */
  request<T>(request: KubeRequest): Promise<T>;
  /** A response body read line by line: one JSON text a line (watch). Ends when the server ends it; rejects when it breaks. */
  lines(
    request: KubeRequest & {
      readonly signal: AbortSignal;
      readonly idleTimeoutMs: number;
      /** Called once when the server has accepted the request, which may be long before the first line. */
      readonly onOpen?: () => void;
    },
  ): AsyncIterable<string>;
  /** An HTTP/1.1 upgrade. Resolves with the socket after a 101. `head` is what came with it. */
  upgrade(request: UpgradeRequest): Promise<UpgradedSocket>;
  /** A WebSocket that is open, with one of the subprotocols asked for (`protocol` of ws stays empty: it knows no slash in them). */
  webSocket(request: WebSocketRequest): Promise<WebSocket>;
}

/**
 * touched: a file was written, and what was blocked may be tried again. replaced: requests go to another server or out as another user
 * from now on, and what was learnt or opened before belongs to the former.
 */
export type KubeApiChange = 'touched' | 'replaced';

export interface KubeRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, as /api/v1/namespaces/x/pods?limit=1. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Beyond it SP-API-ERROR. Default 128 MiB, for lists. */
  readonly maxAnswerBytes?: number;
  readonly signal?: AbortSignal;
}

export interface UpgradeRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface UpgradedSocket {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly headers: IncomingHttpHeaders;
}

export interface WebSocketRequest extends UpgradeRequest {
  readonly protocols: readonly string[];
}
