import { AppError } from '../base/app-error.ts';
import type { Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import { usesGateway } from '../contract/gateway.ts';
import { forbidsHostNetwork } from '../contract/policy.ts';
import type { TunnelState } from '../contract/tunnel-state.ts';
import { portOwner } from '../peer/port-owner.ts';
import { parseTarget } from '../target/parse-target.ts';
import type { ConnectionEvent } from '../tunnel/connection-event.ts';
import type { ListenSpec } from '../tunnel/listen-address.ts';
import type { Admit } from '../tunnel/listener.ts';
import { createTunnel, type Tunnel } from '../tunnel/tunnel.ts';
import type { ClusterChoice, ClusterLease, ClusterPool } from './cluster-pool.ts';
import { GatedUpstream, type Shut } from './gated-upstream.ts';
import { type GatewayHost, TunnelGateway, type TunnelGatewayOptions } from './gateway.ts';
import { withoutHostNetwork } from './host-network.ts';
import type { TunnelDefinition } from './tunnel-definition.ts';

/** A port that another program has is tried again this often. */
const bindAgainMs = 15_000;

/** What it takes of the daemon to have a port and a cluster. */
export interface BindHost extends GatewayHost {
  readonly clusters: ClusterPool;
  /** Rejects with SP-CLUSTER-* and SP-KUBECONFIG-*. */
  contextOf(definition: TunnelDefinition): Promise<ClusterChoice>;
  keepPort(id: string, port: number): void;
}

/** How long nothing could be served, and how many waited for that, on a state that ends an outage. */
export interface Recovery {
  readonly gapMs?: number;
  readonly served?: number;
}

export interface BoundTunnelOptions {
  readonly host: BindHost;
  readonly definition: TunnelDefinition;
  readonly log: Log;
  readonly listen: ListenSpec;
  readonly admit: Admit;
  /** Not called any more once it is let go of. */
  readonly onState: (recovery: Recovery) => void;
  readonly onConnection: (event: ConnectionEvent) => void;
  /** What becomes of logins where the gateway is on; the number is that of the connection's own events. */
  readonly onSession?: TunnelGatewayOptions['onSession'] | undefined;
}

/** A local port that is kept on being tried for until it is had, and behind it a cluster that is used only while the gate is open. */
export class BoundTunnel implements AsyncDisposable {
  readonly #definition: TunnelDefinition;
  readonly #host: BindHost;
  readonly #log: Log;
  readonly #onState: (recovery: Recovery) => void;
  readonly #gate: GatedUpstream;
  readonly #tunnel: Tunnel;
  readonly #notices: string[] = [];
  /** What the server in that pod has said of itself. */
  #told: { readonly podUid: string; readonly role: string } | undefined;
  #lease: ClusterLease | undefined;
  #binding: Promise<void> | undefined;
  #bindError: { readonly error: ErrorData; readonly sinceMs: number } | undefined;
  #again: Timer | undefined;
  #isOver = false;
  readonly #over = Promise.withResolvers<void>();

  constructor(options: BoundTunnelOptions) {
    const { host, definition, log, listen, admit, onState, onConnection, onSession = () => {} } = options;
    const { clock } = host;
    this.#definition = definition;
    this.#host = host;
    this.#log = log;
    this.#onState = onState;
    this.#gate = this.#createGate();
    this.#tunnel = createTunnel({
      upstream: this.#gate,
      clock,
      log,
      listen,
      portOwner,
      admit,
      intermediary: usesGateway(definition.profile)
        ? new TunnelGateway({
            host,
            definition,
            log,
            onSession,
            onNotice: (notice) => {
              this.#notices.push(notice);
              this.#tell();
            },
            onOtherRole: (podUid) => this.#gate.avoid(podUid),
            onRole: (podUid, role) => {
              if (this.#told?.podUid === podUid && this.#told.role === role) return;
              this.#told = { podUid, role };
              this.#tell();
            },
          })
        : undefined,
    });
    this.#tunnel.onState(({ gapMs, served }) =>
      this.#tell({ ...(gapMs !== undefined && { gapMs }), ...(served !== undefined && { served }) }),
    );
    this.#tunnel.onConnection(onConnection);
  }

  get state(): TunnelState {
    if (this.#bindError) return { kind: 'blocked', ...this.#bindError };
    const { shut } = this.#gate;
    if (shut?.kind === 'recording' || shut?.kind === 'approving')
      return { kind: 'connecting', step: shut.kind, sinceMs: shut.sinceMs };
    if (shut?.kind !== 'asleep') return this.#withRole(this.#tunnel.state);
    return { kind: 'off', ...(shut.reason && { reason: shut.reason }) };
  }

  get isAsleep(): boolean {
    return this.#gate.shut?.kind === 'asleep';
  }

  /** Its port is not to be had now. */
  get isUnbound(): boolean {
    return this.#bindError !== undefined;
  }

  /** The cluster that it uses now; undefined while it uses none. */
  get lease(): ClusterLease | undefined {
    return this.#lease;
  }

  /** What its user should know of the database. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /** The local end as it is now. */
  get local(): Pick<Tunnel, 'addresses' | 'connections' | 'held' | 'traffic' | 'trafficOf'> {
    return this.#tunnel;
  }

  /** Binds its port, or says why not and tries again by itself: never rejects. Resolves also when it is let go of meanwhile. */
  start(): Promise<void> {
    if (this.#isOver) return this.#over.promise;
    this.#binding ??= this.#bind().finally(() => {
      this.#binding = undefined;
    });
    return Promise.race([this.#binding, this.#over.promise]);
  }

  /** Lets it use the cluster, or keeps it from that with its port bound. It begins asleep. */
  setShut(shut: Shut | undefined): void {
    this.#gate.setShut(shut);
  }

  /** Where its cluster has refused it, that counts no more, and is asked for at once. */
  askAnew(): void {
    if (!this.#bindError && this.state.kind === 'blocked') this.#gate.askAnew();
  }

  retryNow(): void {
    if (this.#bindError) void this.start();
    else this.#tunnel.retryNow();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Ends its connections, which are told why where that can be said, and frees its port; resolves when clean. */
  async stop(why?: AppError): Promise<void> {
    this.#isOver = true;
    this.#over.resolve();
    this.#again?.cancel();
    await this.#tunnel.stop(why);
  }

  async #bind(): Promise<void> {
    const { clock, keepPort } = this.#host;
    const { id, profile } = this.#definition;
    this.#again?.cancel();
    try {
      await this.#tunnel.start();
      // Let go of meanwhile: the tunnel has freed its port itself.
      if (this.#isOver) return;
      this.#bindError = undefined;
      const bound = this.#tunnel.addresses.find((address) => address.kind === 'tcp');
      if (profile.local === undefined && bound) keepPort(id, bound.port);
    } catch (thrown) {
      if (this.#isOver) return;
      const error = this.#named(AppError.from(thrown).toData());
      this.#bindError = { error, sinceMs: this.#bindError?.sinceMs ?? clock.wallMs() };
      this.#log.warn('port not bound', { code: error.code, ...error.details });
      this.#again = clock.after(bindAgainMs, () => void this.start());
    }
    this.#tell();
  }

  /** With the profile that has the port, as it is there that another one is named. */
  #named({ code, details }: ErrorData): ErrorData {
    const { id, origin } = this.#definition;
    return origin.kind === 'ad-hoc'
      ? { code, details }
      : { code, details: { ...details, profile: id.replace(/^user\//, '') } };
  }

  /** Where no label tells the pod's role, its server's own word does. */
  #withRole(state: TunnelState): TunnelState {
    if (state.kind !== 'ready' || state.pod.role !== undefined) return state;
    const { podUid, role } = this.#told ?? {};
    return role !== undefined && podUid === state.pod.uid ? { ...state, pod: { ...state.pod, role } } : state;
  }

  #tell(recovery: Recovery = {}): void {
    if (!this.#isOver) this.#onState(recovery);
  }

  #createGate(): GatedUpstream {
    const { clock, clusters, contextOf } = this.#host;
    const { profile } = this.#definition;
    return new GatedUpstream(
      {
        clock,
        lease: async () => clusters.lease(await contextOf(this.#definition), () => this.#tunnel.held > 0),
        upstreamOf: ({ engine, api }) => {
          const upstream = engine.upstream({
            target: parseTarget(profile.target),
            namespace: profile.namespace ?? api.namespace,
            port: profile.port,
          });
          return forbidsHostNetwork(profile.policy) ? withoutHostNetwork(upstream) : upstream;
        },
        onRetry: () => this.#tunnel.retryNow(),
        onLease: (lease) => {
          this.#lease = lease;
        },
      },
      { kind: 'asleep' },
    );
  }
}
