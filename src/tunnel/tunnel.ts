import type { AppError } from '../base/app-error.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { TunnelState, Wanted } from '../contract/tunnel-state.ts';
import type { ConnectionEvent, Traffic } from './connection-event.ts';
import { ConnectionPool, defaultHold, type HoldLimits } from './connection-pool.ts';
import type { Intermediary } from './intermediary.ts';
import type { BoundAddress, ListenSpec } from './listen-address.ts';
import { type Admit, Listener, type ListenerOptions } from './listener.ts';
import { type StateChange, TunnelRunner } from './runner.ts';
import type { Upstream } from './upstream.ts';

export interface TunnelOptions {
  readonly upstream: Upstream;
  readonly clock: Clock;
  readonly log: Log;
  readonly listen: ListenSpec;
  readonly hold?: Partial<HoldLimits>;
  readonly admit?: Admit;
  /** Answers local clients itself, in the protocol that they speak. Default: their bytes are passed on. */
  readonly intermediary?: Intermediary | undefined;
  /** For the error that a local port is taken. */
  readonly portOwner?: ListenerOptions['portOwner'];
  readonly random?: () => number;
}

/** One local port that outlives pods. Disposing it is `stop`. */
export interface Tunnel extends AsyncDisposable {
  /** Binds the local port, then looks for the pod. Rejects with SP-LOCAL-PORT-IN-USE or SP-LOCAL-ADDRESS; nothing is left then. */
  start(): Promise<void>;
  /** Ends all connections, which are told why where that can be said, and lets go of everything; resolves when clean. */
  stop(why?: AppError): Promise<void>;
  readonly wanted: Wanted;
  readonly state: TunnelState;
  /** Local connections that wait for a pod, and all there are. */
  readonly held: number;
  readonly connections: number;
  /** Of all connections so far, those that run included. */
  readonly traffic: Traffic;
  /** Of one connection that runs, by the number that its events have. */
  trafficOf(connection: number): Traffic | undefined;
  readonly addresses: readonly BoundAddress[];
  /** Addresses of `localhost` that this machine does not have. */
  readonly notBound: readonly string[];
  /** Each returns what ends the subscription. */
  onState(listener: (change: StateChange) => void): () => void;
  onConnection(listener: (event: ConnectionEvent) => void): () => void;
  /** Called after a wake from sleep, a change of the kubeconfig, or when a person asks: whatever rests is tried at once. */
  retryNow(): void;
}

/** Puts listener, connections and state machine together. */
export function createTunnel(options: TunnelOptions): Tunnel {
  const { upstream, clock, log, listen, hold, admit, intermediary, portOwner, random } = options;

  const pool: ConnectionPool = new ConnectionPool({
    clock,
    hold: { ...defaultHold, ...hold },
    intermediary,
    openRoute: () => (runner.gate?.kind === 'open' ? runner.gate : undefined),
    reason: () => {
      const { state } = runner.model;
      return state.kind === 'waiting' ? state.reason : state.kind === 'blocked' ? state.error : undefined;
    },
    report: {
      served: (round) => runner.dispatch({ type: 'stream-served', round }),
      refused: (round, error, tookMs) => runner.dispatch({ type: 'stream-refused', round, error, tookMs }),
      pilotOver: (round) => runner.dispatch({ type: 'pilot-over', round }),
      demand: (held) => runner.dispatch({ type: 'demand', held }),
    },
  });
  const runner: TunnelRunner = new TunnelRunner({
    upstream,
    clock,
    log,
    ...(random && { random }),
    connections: {
      releaseHeld: (gate) => pool.release(gate),
      tryOldest: (gate) => pool.tryOldest(gate),
      endAll: () => void pool.endAll(),
    },
  });
  const listener = new Listener({
    listen,
    clock,
    log,
    ...(admit && { admit }),
    ...(portOwner && { portOwner }),
    onClient: (socket, peer) => pool.accept(socket, peer),
    onDenied: (error) => pool.onEvent.emit({ kind: 'denied', atMs: clock.wallMs(), error }),
  });

  let isStopped = false;

  async function start(): Promise<void> {
    isStopped = false;
    try {
      await listener.start();
    } catch (error) {
      // One address may have had a client before another one failed.
      await pool.endAll();
      throw error;
    }
    if (isStopped) await listener[Symbol.asyncDispose]();
    else runner.dispatch({ type: 'started' });
  }

  async function stop(why?: AppError): Promise<void> {
    isStopped = true;
    // Nobody new first, so that endAll sees the last one.
    const closed = listener[Symbol.asyncDispose]();
    const ended = pool.endAll(why);
    const cleaned = runner[Symbol.asyncDispose]();
    const results = await Promise.allSettled([closed, ended, cleaned]);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    if (failures.length > 0) throw new AggregateError(failures, 'a tunnel did not stop cleanly');
  }

  return {
    start,
    stop,
    [Symbol.asyncDispose]: () => stop(),
    get wanted() {
      return runner.model.wanted;
    },
    get state() {
      return runner.model.state;
    },
    get held() {
      return pool.held;
    },
    get connections() {
      return pool.size;
    },
    get traffic() {
      return pool.traffic;
    },
    trafficOf: (connection) => pool.trafficOf(connection),
    get addresses() {
      return listener.addresses;
    },
    get notBound() {
      return listener.notBound;
    },
    onState: (added) => runner.onState.add(added),
    onConnection: (added) => pool.onEvent.add(added),
    retryNow: () => runner.dispatch({ type: 'retry-now' }),
  };
}
