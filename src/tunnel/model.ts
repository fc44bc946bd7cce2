import type { ErrorData } from '../contract/error-codes.ts';
import { errorTable } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { TunnelState, Wanted } from '../contract/tunnel-state.ts';

/** All that the machine knows of one tunnel. `state` is derived from the rest by `observe` and never set by hand. */
export interface TunnelModel {
  readonly wanted: Wanted;
  readonly state: TunnelState;
  /** What the target points at; undefined until the first answer, also of those that count anew. */
  readonly resolution: Resolution | undefined;
  /** Everything waits for a credential. */
  readonly isAsking: boolean;
  /** Kept while the target resolves to nothing: a container that restarts comes back in the same sandbox and session. */
  readonly link: LinkModel | undefined;
  readonly port: PortModel;
  /** Local connections that wait. */
  readonly held: number;
  /** The pod that was reached last, for the `waiting` state. */
  readonly lastPod: PodIdentity | undefined;
  /** Number of the newest link. */
  readonly generation: number;
}

/** The transport to one pod UID. down: nothing is under way, a timer or the next resolution tries again. */
export interface LinkModel {
  readonly generation: number;
  readonly uid: string;
  readonly phase: 'warming' | 'open' | 'down';
  /** Failures in a row; a stream that was served or a link that lasted makes it 0. */
  readonly failures: number;
  /** Why it is not open, where that is known. */
  readonly problem: ErrorData | undefined;
  readonly openedAtMs: number;
  readonly failedAtMs: number;
}

/** What is known of the port behind the link. */
export interface PortModel {
  /** Streams carry the round they were opened in; what one of an earlier round says is no news. */
  readonly round: number;
  readonly refusal: ErrorData | undefined;
  /** When this container refused it first, after which nothing got through; wall time, ms. */
  readonly refusedSinceMs: number | undefined;
  /** The refusal is the pod's answer and no outage: who connects is refused as well, instead of being held. */
  readonly refuses: boolean;
  /** A stream got through once, in whatever pod: something does belong on this port. */
  readonly everServed: boolean;
  /** A stream of this pod and container got through. */
  readonly served: boolean;
  /** The one held connection that tries the port for all. */
  readonly pilot: 'idle' | 'trying' | 'resting';
  readonly tries: number;
  /** How long the last refusal took. */
  readonly refusalMs: number;
}

/**
 * What a local connection may do now. closed: wait. pilot: only the oldest waiting one may try the port. open: go.
 */
export type Gate =
  | { readonly kind: 'closed' }
  | {
      readonly kind: 'pilot' | 'open';
      readonly pod: PodIdentity;
      readonly port: number;
      readonly round: number;
      /** A stream that is not refused for this long got through: three times what refusals take, at least 100 ms. */
      readonly throughAfterMs: number;
      /** A client whose stream is refused is not held. */
      readonly refusalEnds: boolean;
    };

export const initialModel: TunnelModel = {
  wanted: 'off',
  state: { kind: 'off' },
  resolution: undefined,
  isAsking: false,
  link: undefined,
  port: {
    round: 0,
    refusal: undefined,
    refusedSinceMs: undefined,
    refuses: false,
    everServed: false,
    served: false,
    pilot: 'idle',
    tries: 0,
    refusalMs: 0,
  },
  held: 0,
  lastPod: undefined,
  generation: 0,
};

const minThroughMs = 100;
const closed: Gate = { kind: 'closed' };

export function gate({ wanted, resolution, link, port }: TunnelModel): Gate {
  if (wanted !== 'on' || resolution?.kind !== 'pod') return closed;
  if (link?.phase !== 'open' || link.uid !== resolution.pod.uid) return closed;
  const mayServe = port.refusal === undefined && (resolution.serving || port.served);
  return {
    kind: mayServe || port.refuses ? 'open' : 'pilot',
    pod: resolution.pod,
    port: resolution.port,
    round: port.round,
    throughAfterMs: Math.max(minThroughMs, 3 * port.refusalMs),
    refusalEnds: port.refuses,
  };
}

/** The state that people see: a function of what was observed, so that it cannot claim more. */
export function observe(model: TunnelModel, atMs: number): TunnelState {
  const { wanted, resolution, link, port } = model;
  if (wanted === 'off') return { kind: 'off' };
  if (!resolution) return connecting(model, 'resolving', atMs);
  if (resolution.kind === 'none') return trouble(model, resolution.reason, atMs);
  const { pod, polled } = resolution;
  if (link?.phase !== 'open' || link.uid !== pod.uid) {
    if (link?.problem) return trouble(model, link.problem, atMs);
    return connecting(model, 'dialling', atMs);
  }
  if (port.refusal) return trouble(model, port.refusal, atMs);
  if (resolution.serving || port.served)
    return { kind: 'ready', pod, port: resolution.port, ...(polled && { polled }), sinceMs: atMs };
  return trouble(
    model,
    { code: 'SP-POD-NOT-READY', details: { pod: pod.name, reason: 'is not ready yet' } },
    atMs,
  );
}

function connecting({ isAsking }: TunnelModel, step: 'resolving' | 'dialling', atMs: number): TunnelState {
  return { kind: 'connecting', step: isAsking ? 'credentials' : step, sinceMs: atMs };
}

function trouble({ lastPod, resolution }: TunnelModel, error: ErrorData, atMs: number): TunnelState {
  if (!recoversAlone(error)) return { kind: 'blocked', error, sinceMs: atMs };
  const { polled, pod } = resolution ?? {};
  return {
    kind: 'waiting',
    reason: error,
    ...(pod && { pod }),
    ...(lastPod && { lastPod }),
    ...(polled && { polled }),
    sinceMs: atMs,
  };
}

/** False where somebody has to do something first. */
export function recoversAlone(error: ErrorData): boolean {
  return errorTable[error.code].retry === 'auto';
}

/** True where only what belongs to the state's payload may differ: `sinceMs` goes on. */
export function sameSituation(a: TunnelState, b: TunnelState): boolean {
  switch (a.kind) {
    case 'off':
      return b.kind === 'off';
    case 'connecting':
      return b.kind === 'connecting' && a.step === b.step;
    case 'ready':
      return b.kind === 'ready' && a.pod.uid === b.pod.uid && a.port === b.port;
    case 'waiting':
      return b.kind === 'waiting' && a.reason.code === b.reason.code;
    case 'blocked':
      return b.kind === 'blocked' && a.error.code === b.error.code;
  }
}
