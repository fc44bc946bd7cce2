import { AppError } from '../base/app-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { TunnelFacts } from '../contract/forward-event.ts';
import type { Resolution } from '../contract/resolution.ts';
import { shownState } from '../contract/shown-state.ts';
import type { PeerFinder } from '../peer/peer-owner.ts';
import { createPeerCheck } from '../peer/peer-policy.ts';
import { portOwner } from '../peer/port-owner.ts';
import type { PortSpec } from '../target/parse-port-spec.ts';
import type { Target } from '../target/target.ts';
import type { ConnectionEvent } from '../tunnel/connection-event.ts';
import { addressText, type ListenSpec } from '../tunnel/listen-address.ts';
import { initialModel } from '../tunnel/model.ts';
import type { StateChange } from '../tunnel/runner.ts';
import { next, type TunnelEvent } from '../tunnel/state.ts';
import { createTunnel, type Tunnel } from '../tunnel/tunnel.ts';
import type { Engine } from './engine.ts';

/** What is told of one port for the record, which may be made later. */
export interface PortWitness {
  /** `local`: HOST:PORT, or the path of a unix socket. */
  bound(local: string[], atMs: number): void;
  state(change: StateChange): void;
  connection(event: ConnectionEvent): void;
  closed(atMs: number): void;
}

export interface ForwardedPortOptions {
  readonly engine: Pick<Engine, 'firstPod' | 'upstream' | 'onRetry'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly target: Target;
  readonly namespace: string;
  readonly port: PortSpec;
  /** As --address has it: IP addresses, `localhost`, or the path of a unix socket. */
  readonly addresses: readonly string[];
  readonly holdMs: number;
  readonly peers: PeerFinder;
  /** Local users whose programs may connect. */
  readonly uids: readonly number[] | 'any';
  /** Whether to wait at the start for what somebody must mend. */
  readonly patient: boolean;
  /** Limit for the first pod that serves, ms. */
  readonly runningTimeoutMs: number | undefined;
  readonly tell: (facts: TunnelFacts) => void;
  /** Called once, when the start has become impossible. */
  readonly fail: (error: AppError) => void;
  readonly witness?: PortWitness | undefined;
}

/** One port of `forward`: a tunnel, and what is told of it. */
export class ForwardedPort implements AsyncDisposable {
  /** A pod was ready once: from then on nothing ends the tunnel by itself. */
  wasReady = false;
  readonly #options: ForwardedPortOptions;
  #tunnel: Tunnel | undefined;
  /** What a tunnel would say, as long as its port waits for the pod's: then there is none yet. */
  #before = initialModel;
  #forgetRetry: (() => void) | undefined;
  #runningTimeout: Timer | undefined;
  #remotePort: number | undefined;
  #resolved = false;
  #announced = false;
  #isWitnessed = false;

  constructor(options: ForwardedPortOptions) {
    this.#options = options;
    const { remote } = options.port;
    this.#remotePort = typeof remote === 'number' ? remote : undefined;
  }

  get held(): number {
    return this.#tunnel?.held ?? 0;
  }

  /** Binds the local port; `forward` takes it from there. Rejects with SP-LOCAL-* and with the signal's reason. */
  async start(signal: AbortSignal): Promise<void> {
    const { engine, clock, log, target, namespace, port, holdMs, runningTimeoutMs } = this.#options;
    const { peers, uids } = this.#options;
    if (runningTimeoutMs !== undefined)
      this.#runningTimeout = clock.after(runningTimeoutMs, () => this.#runningTimedOut());
    const onResolution = (resolution: Resolution) => this.#onResolution(resolution);
    const spec = { target, namespace, port: port.remote, onResolution };
    let { local } = port;
    if (local === 'as-remote') {
      this.#beforeTunnel({ type: 'started' });
      local = (await engine.firstPod(spec, signal)).port;
    }
    signal.throwIfAborted();
    const listen = this.#listenSpec(local);
    const tunnel = createTunnel({
      upstream: engine.upstream(spec),
      clock,
      log,
      portOwner,
      admit: createPeerCheck({ finder: peers, listen: listen.kind, uids }),
      listen,
      hold: { timeoutMs: holdMs },
    });
    this.#tunnel = tunnel;
    this.#forgetRetry = engine.onRetry(() => tunnel.retryNow());
    tunnel.onState((change) => this.#onState(change));
    tunnel.onConnection((event) => this.#onConnection(event));
    await tunnel.start();
    this.#announce();
  }

  /** Ends the tunnel; resolves when clean. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#runningTimeout?.cancel();
    this.#forgetRetry?.();
    await this.#tunnel?.stop();
    const { clock, witness } = this.#options;
    witness?.closed(clock.wallMs());
  }

  #listenSpec(port: number): ListenSpec {
    const { addresses } = this.#options;
    const [path] = addresses.filter((address) => address.startsWith('/'));
    if (path === undefined) return { kind: 'tcp', port, addresses };
    if (addresses.length === 1) return { kind: 'unix', path };
    throw new AppError('SP-USAGE', {
      message: 'a unix socket cannot share --address with other addresses',
      next: 'run a second `sallyport forward` for it',
    });
  }

  #onResolution(resolution: Resolution): void {
    if (resolution.kind === 'pod') this.#remotePort = resolution.port;
    else this.#mayFail(resolution.reason);
    if (!this.#tunnel) this.#beforeTunnel({ type: 'resolved', resolution });
    // The session's request goes out in this turn; what takes time is done while the API server is waited for.
    if (!this.#resolved) setImmediate(() => void this.#options.peers.prepare());
    this.#resolved = true;
    this.#announce();
  }

  /** Says where it listens once the port is bound and the pod's port is known, as far as it can be. */
  #announce(): void {
    if (this.#announced || !this.#resolved || !this.#tunnel || this.#tunnel.addresses.length === 0) return;
    this.#announced = true;
    const remotePort = this.#remotePort === undefined ? {} : { remotePort: this.#remotePort };
    for (const bound of this.#tunnel.addresses) {
      const where =
        bound.kind === 'unix' ? { address: bound.path } : { address: bound.address, port: bound.port };
      this.#options.tell({ event: 'listening', ...where, ...remotePort });
    }
  }

  /** By the tunnel's own rules; what they ask for is done by `firstPod`, or by the tunnel to come. */
  #beforeTunnel(event: TunnelEvent): void {
    const atMs = this.#options.clock.wallMs();
    const before = this.#before.state;
    this.#before = next(this.#before, event, atMs).model;
    const { state } = this.#before;
    if (state !== before) this.#onState({ state, atMs, held: 0 });
  }

  #onState(change: StateChange): void {
    const { state, held, gapMs, served } = change;
    if (this.#tunnel) this.#witnessState(this.#tunnel, change);
    if (state.kind === 'ready') this.wasReady = true;
    if (state.kind === 'blocked') this.#mayFail(state.error);
    this.#options.tell({
      event: 'state',
      shown: shownState('on', state),
      state,
      held,
      ...(gapMs !== undefined && { gapMs }),
      ...(served !== undefined && { served }),
    });
  }

  /** A tunnel says its first word when its port is bound, which comes before that. */
  #witnessState({ addresses }: Tunnel, change: StateChange): void {
    const { witness } = this.#options;
    if (!this.#isWitnessed) witness?.bound(addresses.map(addressText), change.atMs);
    this.#isWitnessed = true;
    witness?.state(change);
  }

  #onConnection(event: ConnectionEvent): void {
    const { tell, witness } = this.#options;
    witness?.connection(event);
    switch (event.kind) {
      case 'start': {
        const { connection, pod, heldMs, peer } = event;
        const facts = { connection, pod, heldMs, ...(peer && { peer: { uid: peer.uid } }) };
        return tell({ event: 'connection-start', ...facts });
      }
      case 'end': {
        const { connection, receivedBytes, sentBytes, error } = event;
        return tell({
          event: 'connection-end',
          connection,
          receivedBytes,
          sentBytes,
          ...(error && { error }),
        });
      }
      case 'denied': {
        const { code, details } = event.error;
        const next = howToBeLetIn(event.error);
        return tell({ event: 'connection-denied', error: { code, details: { ...details, ...next } } });
      }
    }
  }

  /** At the start, what somebody must mend ends the command: a script must not hang on a slip of the pen. */
  #mayFail({ code, details }: ErrorData): void {
    if (this.wasReady || this.#options.patient) return;
    const error = new AppError(code, details);
    if (error.retry !== 'auto' || code === 'SP-TARGET-NOT-FOUND') this.#options.fail(error);
  }

  #runningTimedOut(): void {
    if (this.wasReady) return;
    const { runningTimeoutMs = 0 } = this.#options;
    const { state } = this.#tunnel ?? this.#before;
    const known =
      state.kind === 'waiting' ? state.reason : state.kind === 'blocked' ? state.error : undefined;
    if (known) return this.#options.fail(new AppError(known.code, known.details));
    const message = `no answer within ${runningTimeoutMs / 1000} s`;
    this.#options.fail(new AppError('SP-API-UNREACHABLE', { message }));
  }
}

/** What this command has for those that a tunnel did not let in; nothing where it would not help. */
function howToBeLetIn({ code, details }: ErrorData): { next?: string } {
  if (code === 'SP-PEER-DENIED') return { next: '--any-user lets every user of this machine in' };
  if (details.reason !== 'gone') return {};
  return {
    next: 'let its program wait for an answer before it closes; --any-user lets everybody in, also who is gone',
  };
}
