import { randomUUID } from 'node:crypto';
import { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { KubeApi } from '../kube/kube-api.ts';
import { type Carrier, socketCarrier, webSocketCarrier } from './carrier.ts';
import { SpdySession } from './spdy-session.ts';
import type { UidCheck } from './uid-check.ts';

const upgradeTimeoutMs = 15_000;
const spdyProtocol = 'portforward.k8s.io';
const tunnelProtocol = 'SPDY/3.1+portforward.k8s.io';

export type CarrierChoice = 'auto' | Carrier['kind'];

/** What becomes of each session that was asked for, for the audit. */
export type SessionEvent = {
  readonly atMs: number;
  readonly auditId: string;
  readonly pod: PodIdentity;
} & (
  | {
      /** By RBAC or an admission policy. */
      readonly kind: 'denied';
      readonly error: ErrorData;
    }
  | { readonly kind: 'opened' }
  | {
      readonly kind: 'closed';
      /** How many connections it carried. */
      readonly served: number;
      readonly error: ErrorData;
    }
);

export interface SessionDialerOptions {
  readonly api: KubeApi;
  readonly uidCheck: UidCheck;
  readonly clock: Clock;
  readonly log: Log;
  readonly carrier: CarrierChoice;
  readonly onSession?: ((event: SessionEvent) => void) | undefined;
}

/**
 * Opens sessions to pods of one cluster as one user. Raw SPDY first (any server version, no masking); where something on the way
 * refuses it, the WebSocket tunnel, and what worked is remembered.
 */
export class SessionDialer {
  readonly #options: SessionDialerOptions;
  #preferred: Carrier['kind'];
  #tried: Carrier['kind'];

  constructor(options: SessionDialerOptions) {
    this.#options = options;
    this.#preferred = options.carrier === 'auto' ? 'spdy' : options.carrier;
    this.#tried = this.#preferred;
  }

  /** The carriers whose rights the user needs. */
  get carriersInUse(): readonly Carrier['kind'][] {
    return [...new Set([this.#preferred, this.#tried])];
  }

  /**
   * One open session whose pod is known to be the one asked for. Rejects with an AppError: what the API server said,
   * SP-POD-REPLACED where another pod has the name now, SP-UPGRADE-REFUSED where neither carrier gets through.
   */
  async dial(pod: PodIdentity, signal: AbortSignal): Promise<SpdySession> {
    const { clock, log, uidCheck } = this.#options;
    const startedMs = clock.nowMs();
    const auditId = randomUUID();
    const carrier = await this.#carrier(pod, auditId, signal).catch((error) => {
      throw this.#refused(AppError.from(error), { pod, auditId });
    });
    const session = new SpdySession({ carrier, pod, auditId, clock });
    this.#tell(session);
    try {
      await uidCheck.confirm(pod, signal);
      signal.throwIfAborted();
      if (session.closed) throw session.closed;
    } catch (error) {
      const reason = AppError.from(error);
      session.close(reason);
      throw reason;
    }
    log.debug('session opened', {
      pod: pod.name,
      uid: pod.uid,
      auditId,
      carrier: carrier.kind,
      tookMs: Math.round(clock.nowMs() - startedMs),
    });
    return session;
  }

  #refused(error: AppError, asked: { pod: PodIdentity; auditId: string }): AppError {
    const { clock, onSession } = this.#options;
    if (error.code === 'SP-FORBIDDEN' || error.code === 'SP-ADMISSION-DENIED')
      onSession?.({ kind: 'denied', atMs: clock.wallMs(), ...asked, error: error.toData() });
    return error;
  }

  #tell(session: SpdySession): void {
    const { clock, onSession } = this.#options;
    if (!onSession) return;
    const { auditId, pod } = session;
    onSession({ kind: 'opened', atMs: clock.wallMs(), auditId, pod });
    session.onClosed.add((reason) => {
      const { served } = session;
      onSession({ kind: 'closed', atMs: clock.wallMs(), auditId, pod, served, error: reason.toData() });
    });
  }

  async #carrier(pod: PodIdentity, auditId: string, signal: AbortSignal): Promise<Carrier> {
    const first = this.#preferred;
    try {
      return await this.#upgrade(first, pod, auditId, signal);
    } catch (error) {
      const refused = AppError.from(error);
      if (refused.code !== 'SP-UPGRADE-REFUSED' || this.#options.carrier !== 'auto') throw refused;
      const second = first === 'spdy' ? 'websocket' : 'spdy';
      this.#options.log.debug('carrier refused', { carrier: first, ...refused.details });
      const carrier = await this.#upgrade(second, pod, auditId, signal);
      this.#preferred = second;
      return carrier;
    }
  }

  async #upgrade(
    kind: Carrier['kind'],
    pod: PodIdentity,
    auditId: string,
    signal: AbortSignal,
  ): Promise<Carrier> {
    this.#tried = kind;
    const { api } = this.#options;
    const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/portforward`;
    const common = { path, timeoutMs: upgradeTimeoutMs, signal };
    if (kind === 'websocket') {
      const headers = { 'Audit-ID': auditId };
      return webSocketCarrier(await api.webSocket({ ...common, headers, protocols: [tunnelProtocol] }));
    }
    const headers = { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': spdyProtocol, 'Audit-ID': auditId };
    const { socket, head } = await api.upgrade({ ...common, headers });
    return socketCarrier(socket, head);
  }
}
