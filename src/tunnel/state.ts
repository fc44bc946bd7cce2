import { isDeepStrictEqual } from 'node:util';
import { backoffMs } from '../base/backoff.ts';
import type { ErrorData } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import type { TunnelState } from '../contract/tunnel-state.ts';
import {
  gate,
  type LinkModel,
  observe,
  type PortModel,
  recoversAlone,
  sameSituation,
  type TunnelModel,
} from './model.ts';

export type TimerKind = 'warm' | 'pilot';

/** What happened. `generation` and `round` tell which link and which tries it belongs to: the dead say nothing. */
export type TunnelEvent =
  | { readonly type: 'started' }
  | { readonly type: 'stopped' }
  /** Undefined: what was known counts no more, and the first answer is waited for again. */
  | { readonly type: 'resolved'; readonly resolution: Resolution | undefined }
  /** A credential plugin is run, or an identity provider asked, and all requests wait for it; or not any more. */
  | { readonly type: 'asking'; readonly isAsking: boolean }
  | { readonly type: 'link-open'; readonly generation: number }
  | { readonly type: 'link-failed' | 'link-lost'; readonly generation: number; readonly error: ErrorData }
  /** A byte came from the pod, or no refusal for longer than refusals take. */
  | { readonly type: 'stream-served'; readonly round: number }
  /** A stream could not be had, and it is proven that none of its bytes reached the application. */
  | {
      readonly type: 'stream-refused';
      readonly round: number;
      readonly error: ErrorData;
      readonly tookMs: number;
    }
  /** The pilot came to an end that says nothing about the port: its client left, or the transport failed. */
  | { readonly type: 'pilot-over'; readonly round: number }
  | { readonly type: 'demand'; readonly held: number }
  | { readonly type: 'timer'; readonly timer: TimerKind }
  /** A person, a wake from sleep or a changed kubeconfig asks to try at once. */
  | { readonly type: 'retry-now' };

/**
 * What is to be done; performed in order by the runner. release-held: all that wait may go. try-one: the oldest of them tries the port. A
 * schedule replaces an earlier one of the same timer. look-again: who follows the target asks the cluster at once.
 */
export type Effect =
  | {
      readonly do:
        | 'follow'
        | 'unfollow'
        | 'look-again'
        | 'unlink'
        | 'release-held'
        | 'try-one'
        | 'end-connections';
    }
  | { readonly do: 'link'; readonly generation: number; readonly pod: PodIdentity }
  | { readonly do: 'warm'; readonly generation: number }
  | { readonly do: 'schedule'; readonly timer: TimerKind; readonly delayMs: number }
  | { readonly do: 'cancel'; readonly timer: TimerKind };

export interface Step {
  readonly model: TunnelModel;
  readonly effects: readonly Effect[];
}

/** A link that stayed open this long was no flapping one: its next loss is tried again at once. */
const stableLinkMs = 10_000;
/** Between attempts at a link when somebody comes to wait where nobody did. */
const someoneNewMs = 1_000;
/** What is ready may still be about to listen; a port that nobody declared and that refuses for longer was named by mistake. */
const mistakeAfterMs = 5_000;

/**
 * One step of a tunnel's life. Pure. `atMs` (wall time) only dates states and paces retries. An event that changes nothing gives
 * back the same model.
 */
export function next(model: TunnelModel, event: TunnelEvent, atMs: number): Step {
  const reacted = react(model, event, atMs);
  if (reacted.model === model && reacted.effects.length === 0) return reacted;
  const settled = settle(model, reacted);
  return {
    model: { ...settled.model, state: dated(model.state, observe(settled.model, atMs)) },
    effects: settled.effects,
  };
}

function react(model: TunnelModel, event: TunnelEvent, atMs: number): Step {
  if (model.wanted !== 'on' && event.type !== 'started' && event.type !== 'demand') return step(model);
  switch (event.type) {
    case 'started':
      if (model.wanted === 'on') return step(model);
      return step({ ...model, wanted: 'on' }, { do: 'follow' });
    case 'stopped':
      return step(
        {
          ...model,
          wanted: 'off',
          resolution: undefined,
          isAsking: false,
          link: undefined,
          port: newRound(model.port),
        },
        { do: 'unfollow' },
        { do: 'end-connections' },
        { do: 'unlink' },
      );
    case 'resolved':
      return resolved(model, event.resolution);
    case 'asking':
      return step(event.isAsking === model.isAsking ? model : { ...model, isAsking: event.isAsking });
    case 'link-open':
    case 'link-failed':
    case 'link-lost':
      if (event.generation !== model.link?.generation) return step(model);
      return linkChanged(model, model.link, event, atMs);
    case 'stream-served':
    case 'stream-refused':
    case 'pilot-over':
      if (event.round !== model.port.round) return step(model);
      return streamTold(model, event, atMs);
    case 'demand':
      return demanded(model, event.held, atMs);
    case 'timer':
      return timerFired(model, event.timer);
    case 'retry-now':
      return triedAnew(model);
  }
}

function resolved(model: TunnelModel, resolution: Resolution | undefined): Step {
  const before = model.resolution;
  if (!resolution)
    return step({ ...model, resolution, link: undefined, port: newRound(model.port) }, { do: 'unlink' });
  if (resolution.kind === 'none') return step({ ...model, resolution, port: newRound(model.port) });
  const { pod } = resolution;
  if (model.link?.uid !== pod.uid) {
    return relink({ ...model, resolution, port: newRound(model.port) }, pod, 0, undefined);
  }
  const news =
    before?.kind !== 'pod' ||
    before.port !== resolution.port ||
    before.serving !== resolution.serving ||
    before.pod.restarts !== pod.restarts;
  if (news) return triedAnew({ ...model, resolution, port: newRound(model.port) });
  return step({ ...model, resolution, port: withoutRest(model.port) });
}

function linkChanged(
  model: TunnelModel,
  link: LinkModel,
  event: Extract<TunnelEvent, { generation: number }>,
  atMs: number,
): Step {
  switch (event.type) {
    case 'link-open': {
      const opened: LinkModel = { ...link, phase: 'open', problem: undefined, openedAtMs: atMs };
      return step({
        ...model,
        link: opened,
        port: withoutRest({ ...model.port, round: model.port.round + 1 }),
      });
    }
    case 'link-failed':
      return linkDown(model, { ...link, failures: link.failures + 1 }, event.error, atMs);
    case 'link-lost': {
      const lasted = link.phase === 'open' && atMs - link.openedAtMs >= stableLinkMs;
      const failures = lasted ? 0 : link.failures;
      if (failures > 0 || model.resolution?.kind !== 'pod')
        return linkDown(model, { ...link, failures: failures + 1 }, event.error, atMs);
      return step(
        { ...model, link: { ...link, phase: 'warming', failures: 1, problem: event.error } },
        { do: 'warm', generation: link.generation },
      );
    }
  }
}

function streamTold(model: TunnelModel, event: Extract<TunnelEvent, { round: number }>, atMs: number): Step {
  const { port, link, resolution } = model;
  // The first stream that met a dead link has said so for all.
  if (link?.phase !== 'open' || resolution?.kind !== 'pod') return step(model);
  switch (event.type) {
    case 'stream-served': {
      if (port.served && !port.refusal && link.failures === 0) return step(model);
      const wasOpen = gate(model).kind === 'open';
      const served: PortModel = { ...withoutRefusal(port), served: true, everServed: true, tries: 0 };
      return step({
        ...model,
        link: { ...link, failures: 0 },
        port: wasOpen ? served : { ...served, round: port.round + 1, pilot: 'idle' },
      });
    }
    case 'pilot-over':
      return gate(model).kind === 'pilot' ? restPilot(model, port) : step(model);
    case 'stream-refused':
      break;
  }
  const { error } = event;
  switch (error.code) {
    case 'SP-PORT-REFUSED': {
      const wasPilot = gate(model).kind === 'pilot';
      const refused = refusedPort(port, resolution, event, atMs);
      if (wasPilot && !refused.refuses) return restPilot(model, refused);
      return step({ ...model, port: { ...refused, pilot: 'idle', tries: 0 } });
    }
    case 'SP-DB-STARTING': {
      // It listens, and says itself that it needs time: asked less often than a port that refuses.
      const refused = refusedPort(port, resolution, event, atMs);
      return restPilot(model, { ...refused, tries: Math.max(refused.tries, startingTries) });
    }
    case 'SP-SANDBOX-GONE':
    case 'SP-POD-REPLACED':
      // The sessions lead to a sandbox that is no more: new ones are needed, on the successor or on this pod's next sandbox.
      return relink({ ...model, port: newRound(port) }, resolution.pod, link.failures + 1, { error, atMs });
    default:
      // No session was to be had for it; the open ones may be as dead.
      return linkDown(model, { ...link, failures: link.failures + 1 }, error, atMs);
  }
}

function refusedPort(
  port: PortModel,
  { serving, otherPorts }: Extract<Resolution, { kind: 'pod' }>,
  { error, tookMs }: Extract<TunnelEvent, { type: 'stream-refused' }>,
  atMs: number,
): PortModel {
  const { refusedSinceMs = atMs, everServed } = port;
  const isMistake = error.code === 'SP-PORT-REFUSED' && serving && otherPorts !== undefined && !everServed;
  return {
    ...port,
    round: port.round + 1,
    refusal:
      otherPorts === undefined || error.code !== 'SP-PORT-REFUSED'
        ? error
        : { ...error, details: { ...error.details, known: otherPorts } },
    refusedSinceMs,
    refuses: isMistake && atMs - refusedSinceMs >= mistakeAfterMs,
    served: false,
    refusalMs: tookMs,
  };
}

function demanded(model: TunnelModel, held: number, atMs: number): Step {
  if (held === model.held) return step(model);
  const { link, resolution } = model;
  const after = { ...model, held };
  if (model.held > 0) return step(after);
  // Somebody waits again: a login may be asked for now.
  if (resolution?.kind === 'none' && !recoversAlone(resolution.reason))
    return step(after, { do: 'look-again' });
  if (link?.phase !== 'down' || resolution?.kind !== 'pod') return step(after);
  const pauseMs = Math.min(someoneNewMs, warmDelayMs(link, held));
  // The wall clock may have been set back meanwhile.
  const delayMs = Math.min(pauseMs, Math.max(0, link.failedAtMs + pauseMs - atMs));
  return step(after, { do: 'schedule', timer: 'warm', delayMs });
}

function timerFired(model: TunnelModel, timer: TimerKind): Step {
  const { link, port } = model;
  switch (timer) {
    case 'warm':
      if (link?.phase !== 'down' || model.resolution?.kind !== 'pod') return step(model);
      return step(
        { ...model, link: { ...link, phase: 'warming' } },
        { do: 'warm', generation: link.generation },
      );
    case 'pilot':
      if (port.pilot !== 'resting') return step(model);
      return step({ ...model, port: { ...port, pilot: 'idle' } });
  }
}

/** Whatever rests is tried at once, as if nothing had failed before. */
function triedAnew(model: TunnelModel): Step {
  const { link } = model;
  const rested = { ...model, port: withoutRest(model.port) };
  if (link?.phase !== 'down' || model.resolution?.kind !== 'pod') return step(rested);
  return step(
    { ...rested, link: { ...link, phase: 'warming', failures: 0 } },
    { do: 'warm', generation: link.generation },
  );
}

/** What follows from any change: held connections go where they may, and one tries where that is all that is allowed. */
function settle(before: TunnelModel, { model, effects }: Step): Step {
  const all = [...effects];
  let { port } = model;
  const now = gate(model);
  if (now.kind !== 'pilot') port = { ...port, pilot: 'idle' };
  else if (port.pilot === 'idle' && model.held > 0) {
    port = { ...port, pilot: 'trying' };
    all.push({ do: 'try-one' });
  }
  if (before.port.pilot === 'resting' && port.pilot !== 'resting') all.push({ do: 'cancel', timer: 'pilot' });
  if (before.link?.phase === 'down' && model.link?.phase !== 'down')
    all.push({ do: 'cancel', timer: 'warm' });
  if (now.kind === 'open' && gate(before).kind !== 'open' && model.held > 0) all.push({ do: 'release-held' });
  const lastPod = now.kind === 'open' ? now.pod : model.lastPod;
  return { model: { ...model, port, lastPod }, effects: all };
}

/** A new link to `pod`, warmed at once; after a failure only when its delay is over. */
function relink(
  model: TunnelModel,
  pod: PodIdentity,
  failures: number,
  failed: { error: ErrorData; atMs: number } | undefined,
): Step {
  const generation = model.generation + 1;
  const link: LinkModel = {
    generation,
    uid: pod.uid,
    phase: 'warming',
    failures,
    problem: failed?.error,
    openedAtMs: 0,
    failedAtMs: 0,
  };
  const linked = { ...model, link, generation };
  const { model: after, effects } =
    failed && failures > 1
      ? linkDown(linked, link, failed.error, failed.atMs)
      : step(linked, { do: 'warm', generation });
  const unlink: Effect[] = model.link ? [{ do: 'unlink' }] : [];
  return { model: after, effects: [...unlink, { do: 'link', generation, pod }, ...effects] };
}

/** Not open, tried again after a delay, or when the target resolves again. */
function linkDown(model: TunnelModel, link: LinkModel, error: ErrorData, atMs: number): Step {
  const down: LinkModel = { ...link, phase: 'down', problem: error, failedAtMs: atMs };
  const after = { ...model, link: down };
  if (model.resolution?.kind !== 'pod') return step(after);
  return step(after, { do: 'schedule', timer: 'warm', delayMs: warmDelayMs(down, model.held) });
}

/** The longest pause that an API server may ask for with Retry-After. */
const maxAskedPauseMs = 30_000;

/**
 * Until the next attempt at a link, unless the API server asks for more: 100 ms doubled up to 1 s while somebody waits, up to 15 s
 * while nobody does. Where a person has to act first: 30 s, 5 s while somebody waits.
 */
function warmDelayMs({ failures, problem }: LinkModel, held: number): number {
  if (problem && !recoversAlone(problem)) return held > 0 ? 5_000 : 30_000;
  const askedMs = Math.min(Number(problem?.details.retryAfterMs ?? 0), maxAskedPauseMs);
  const maxMs = held > 0 ? 1_000 : 15_000;
  return Math.max(askedMs, backoffMs(failures - 1, { firstMs: 100, maxMs, jitter: 0 }));
}

function restPilot(model: TunnelModel, port: PortModel): Step {
  return step(
    { ...model, port: { ...port, pilot: 'resting', tries: port.tries + 1 } },
    { do: 'schedule', timer: 'pilot', delayMs: pilotDelayMs(port.tries) },
  );
}

/**
 * Until the pilot's next try: 2, 4, 8, then 10 ms for the first two seconds, so that a server which comes up is met within 20 ms; then
 * growing to 250 ms, and 1 s after some ten seconds.
 */
export function pilotDelayMs(tries: number): number {
  if (tries < 200) return Math.min(10, 2 * 2 ** Math.min(tries, 3));
  if (tries < 240) return Math.min(250, 10 * 1.25 ** (tries - 199));
  return 1_000;
}

/** As after so many tries of a port that refuses: every 100 ms, later every 250 ms and every second. */
const startingTries = 210;

/** What was known of the port is no longer true. */
function newRound(port: PortModel): PortModel {
  return { ...withoutRefusal(port), round: port.round + 1, served: false, pilot: 'idle', tries: 0 };
}

function withoutRefusal(port: PortModel): PortModel {
  return { ...port, refusal: undefined, refusedSinceMs: undefined, refuses: false };
}

function withoutRest(port: PortModel): PortModel {
  return { ...port, tries: 0, pilot: port.pilot === 'resting' ? 'idle' : port.pilot };
}

/** The new state with the time since when it has been so; the old one where nothing changed. */
function dated(before: TunnelState, after: TunnelState): TunnelState {
  if (before.kind === 'off' || after.kind === 'off') return before.kind === after.kind ? before : after;
  const kept = sameSituation(before, after) ? { ...after, sinceMs: before.sinceMs } : after;
  return isDeepStrictEqual(before, kept) ? before : kept;
}

function step(model: TunnelModel, ...effects: Effect[]): Step {
  return { model, effects };
}
