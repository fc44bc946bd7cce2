import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzed } from '../../test/support/fuzz.ts';
import type { ErrorCode, ErrorData } from '../contract/error-codes.ts';
import type { PodIdentity } from '../contract/pod.ts';
import type { Resolution } from '../contract/resolution.ts';
import { gate, initialModel, type TunnelModel } from './model.ts';
import { type Effect, next, pilotDelayMs, type TunnelEvent } from './state.ts';

const error = (code: ErrorCode): ErrorData => ({ code, details: {} });
const lost = error('SP-SESSION-LOST');

function pod(uid: string, restarts = 0): PodIdentity {
  return { namespace: 'db', name: 'postgres-0', uid, restarts, ready: true, hostNetwork: false };
}

function at(uid: string, { serving = true, restarts = 0 } = {}): TunnelEvent {
  const resolution: Resolution = { kind: 'pod', pod: pod(uid, restarts), port: 5432, serving };
  return { type: 'resolved', resolution };
}

/** A pod that declares another port than the one asked for. */
function undeclared({ serving = true, restarts = 0 } = {}): TunnelEvent {
  const resolution: Resolution = {
    kind: 'pod',
    pod: pod('a', restarts),
    port: 5433,
    serving,
    otherPorts: 'pg=5432',
  };
  return { type: 'resolved', resolution };
}

const nowhere: TunnelEvent = {
  type: 'resolved',
  resolution: { kind: 'none', reason: error('SP-POD-NOT-READY') },
};
const unknown: TunnelEvent = { type: 'resolved', resolution: undefined };
const notLoggedIn: TunnelEvent = {
  type: 'resolved',
  resolution: { kind: 'none', reason: error('SP-LOGIN-REQUIRED') },
};

/** Runs events one millisecond apart; `now` fills in the current generation and round. */
function run(from: TunnelModel, ...events: (TunnelEvent | ((now: TunnelModel) => TunnelEvent))[]) {
  let model = from;
  let effects: readonly Effect[] = [];
  let atMs = from === initialModel ? 1 : 1_000;
  for (const event of events) {
    ({ model, effects } = next(model, typeof event === 'function' ? event(model) : event, atMs++));
  }
  return { model, effects, did: effects.map((effect) => effect.do) };
}

const opened = ({ generation }: TunnelModel): TunnelEvent => ({ type: 'link-open', generation });
const failed =
  (code: ErrorCode) =>
  ({ generation }: TunnelModel): TunnelEvent => ({ type: 'link-failed', generation, error: error(code) });
const linkLost = ({ generation }: TunnelModel): TunnelEvent => ({
  type: 'link-lost',
  generation,
  error: lost,
});
const served = ({ port }: TunnelModel): TunnelEvent => ({ type: 'stream-served', round: port.round });
const refusedWith =
  (code: ErrorCode) =>
  ({ port }: TunnelModel): TunnelEvent => ({
    type: 'stream-refused',
    round: port.round,
    error: error(code),
    tookMs: 5,
  });
const pilotOver = ({ port }: TunnelModel): TunnelEvent => ({ type: 'pilot-over', round: port.round });
const demand = (held: number): TunnelEvent => ({ type: 'demand', held });
const timer = (kind: 'warm' | 'pilot'): TunnelEvent => ({ type: 'timer', timer: kind });
const started: TunnelEvent = { type: 'started' };
const stopped: TunnelEvent = { type: 'stopped' };
const retryNow: TunnelEvent = { type: 'retry-now' };
const asking = (isAsking: boolean): TunnelEvent => ({ type: 'asking', isAsking });

/** One model for each situation there is. */
const situations = {
  off: run(initialModel).model,
  resolving: run(initialModel, started).model,
  asking: run(initialModel, started, asking(true)).model,
  nowhere: run(initialModel, started, nowhere).model,
  'not logged in': run(initialModel, started, notLoggedIn).model,
  dialling: run(initialModel, started, at('a')).model,
  unreachable: run(initialModel, started, at('a'), failed('SP-API-UNREACHABLE')).model,
  'login required': run(initialModel, started, at('a'), failed('SP-LOGIN-REQUIRED')).model,
  ready: run(initialModel, started, at('a'), opened).model,
  'not ready': run(initialModel, started, at('a', { serving: false }), opened).model,
  'pilot trying': run(initialModel, started, demand(2), at('a', { serving: false }), opened).model,
  'pilot resting': run(
    initialModel,
    started,
    demand(2),
    at('a', { serving: false }),
    opened,
    refusedWith('SP-PORT-REFUSED'),
  ).model,
  refused: run(initialModel, started, at('a'), opened, refusedWith('SP-PORT-REFUSED')).model,
  'link lost': run(initialModel, started, at('a'), opened, linkLost).model,
  'sandbox gone': run(initialModel, started, at('a'), opened, refusedWith('SP-SANDBOX-GONE')).model,
  'pod gone': run(initialModel, started, at('a'), opened, nowhere).model,
};
type Situation = keyof typeof situations;

const events = {
  started,
  stopped,
  nowhere,
  unknown,
  'same pod': at('a'),
  restarted: at('a', { serving: false, restarts: 1 }),
  'other pod': at('b'),
  'link open': opened,
  'link failed': failed('SP-API-UNREACHABLE'),
  'link blocked': failed('SP-FORBIDDEN'),
  'link lost': linkLost,
  served,
  refused: refusedWith('SP-PORT-REFUSED'),
  'sandbox gone': refusedWith('SP-SANDBOX-GONE'),
  'dial failed': refusedWith('SP-API-UNREACHABLE'),
  'pilot over': pilotOver,
  'one waits': demand(1),
  'none waits': demand(0),
  'warm timer': timer('warm'),
  'pilot timer': timer('pilot'),
  'retry now': retryNow,
  asks: asking(true),
  'asks no more': asking(false),
};

describe('every state with every event', () => {
  it.each(Object.keys(situations) as Situation[])('%s', (name) => {
    const outcomes = Object.entries(events).map(([event, made]) => {
      const { model, effects } = run(situations[name], made);
      const shown = model.state.kind === 'waiting' ? ` ${model.state.reason.code}` : '';
      const step = model.state.kind === 'connecting' ? ` ${model.state.step}` : '';
      const done = effects.map((effect) =>
        'delayMs' in effect ? `${effect.do} ${effect.timer}` : effect.do,
      );
      return `${event}: ${model.state.kind}${shown}${step} | ${done.join(', ')}`;
    });
    expect(outcomes).toMatchSnapshot();
  });
});

describe('a credential that is asked for', () => {
  it('is the step that is shown until it is there, then what comes next', () => {
    const steps = [run(situations.resolving, asking(true)), run(situations.dialling, asking(true))];
    expect(steps.map(({ model }) => model.state)).toMatchObject(Array(2).fill({ step: 'credentials' }));
    expect(run(situations.asking, at('a'), asking(false)).model.state).toMatchObject({ step: 'dialling' });
  });

  it('hides nothing that is known, and is forgotten by a stop', () => {
    for (const name of ['ready', 'refused', 'nowhere', 'not logged in'] as const)
      expect(run(situations[name], asking(true)).model.state).toEqual(situations[name].state);
    expect(run(situations.asking, stopped, started).model.state).toMatchObject({ step: 'resolving' });
  });
});

describe('a port that the pod does not declare', () => {
  const refuse = refusedWith('SP-PORT-REFUSED');
  /** Refused at first, and again so long afterwards. */
  const refusedFor = (durationMs: number, from: TunnelModel) => {
    const first = run(from, demand(2), refuse).model;
    const since = first.port.refusedSinceMs!;
    return next(first, refuse(first), since + durationMs);
  };
  const mistaken = run(initialModel, started, undeclared(), opened).model;

  it('holds clients for five seconds of refusals, then refuses them as the pod does', () => {
    const early = refusedFor(4_999, mistaken);
    expect(gate(early.model)).toMatchObject({ kind: 'pilot', refusalEnds: false });
    const late = refusedFor(5_000, mistaken);
    expect(gate(late.model)).toMatchObject({ kind: 'open', refusalEnds: true });
    expect(late.effects.map((effect) => effect.do)).toContain('release-held');
    expect(late.model.state).toMatchObject({
      kind: 'waiting',
      reason: { code: 'SP-PORT-REFUSED', details: { known: 'pg=5432' } },
    });
  });

  it('is taken for a mistake only where the pod is ready, and nothing ever got through', () => {
    const starting = run(initialModel, started, undeclared({ serving: false }), opened).model;
    const wasServed = run(mistaken, served).model;
    const declared = run(initialModel, started, at('a'), opened).model;
    for (const model of [starting, wasServed, declared])
      expect(gate(refusedFor(60_000, model).model)).toMatchObject({ kind: 'pilot', refusalEnds: false });
  });

  it('is held for again in a new container, and serves once something listens', () => {
    const { model } = refusedFor(5_000, mistaken);
    expect(gate(run(model, undeclared({ restarts: 1 })).model)).toMatchObject({ refusalEnds: false });
    const mended = run(model, served).model;
    expect([mended.state.kind, gate(mended)]).toMatchObject(['ready', { refusalEnds: false }]);
  });
});

describe('a link', () => {
  it('is made and warmed when the target resolves, and let go when the target moves', () => {
    expect(run(situations.resolving, at('a')).did).toEqual(['link', 'warm']);
    expect(run(situations.ready, at('b')).did).toEqual(['unlink', 'link', 'warm']);
  });

  it('is kept while the container restarts, so that it is warm when it comes back', () => {
    const back = run(situations.ready, nowhere, demand(1), at('a', { restarts: 1 }));
    expect([back.model.state.kind, back.did]).toEqual(['ready', ['release-held']]);
  });

  it('that is lost is warmed at once, then with growing delays while it does not last', () => {
    expect(run(situations.ready, linkLost).did).toEqual(['warm']);
    const again = run(situations.ready, linkLost, opened, linkLost);
    expect(again.effects).toEqual([{ do: 'schedule', timer: 'warm', delayMs: 200 }]);
    const third = run(situations.ready, linkLost, opened, linkLost, timer('warm'), opened, linkLost);
    expect(third.effects).toEqual([{ do: 'schedule', timer: 'warm', delayMs: 400 }]);
    const afterService = run(situations.ready, linkLost, opened, served, linkLost);
    expect(afterService.did).toEqual(['warm']);
  });

  it('is tried less and less often, and more often while somebody waits', () => {
    const delays = (held: number) => {
      let model = run(situations.resolving, demand(held), at('a')).model;
      return Array.from({ length: 10 }, () => {
        const down = run(model, failed('SP-API-UNREACHABLE'));
        model = run(down.model, timer('warm')).model;
        return down.effects.map((effect) => ('delayMs' in effect ? effect.delayMs : effect.do));
      }).flat();
    };
    expect(delays(0)).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12800, 15000, 15000]);
    expect(delays(1)).toEqual([100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000, 1000]);
  });

  it('that rests for long is tried soon when somebody comes', () => {
    const { effects } = run(situations['login required'], demand(1));
    expect(effects).toEqual([{ do: 'schedule', timer: 'warm', delayMs: 3 }]);
  });

  it('is not put off by a wall clock that was set back', () => {
    const down = situations.unreachable;
    const { effects } = next(down, demand(1), -3_600_000);
    expect(effects).toEqual([{ do: 'schedule', timer: 'warm', delayMs: 100 }]);
  });

  it('is left alone for as long as the API server asks', () => {
    const busy = { code: 'SP-API-ERROR', details: { retryAfterMs: 4_000 } } as const;
    const { effects } = run(situations.dialling, (model) => ({
      type: 'link-failed',
      generation: model.generation,
      error: busy,
    }));
    expect(effects).toEqual([{ do: 'schedule', timer: 'warm', delayMs: 4_000 }]);
  });

  it('is looked for again when somebody comes to wait for a login', () => {
    const { model, did } = run(situations['not logged in'], demand(1));
    expect(did).toEqual(['look-again']);
    expect(run(model, demand(2)).did).toEqual([]);
    expect(run(situations.nowhere, demand(1)).did).toEqual([]);
  });

  it('is not warmed while the target resolves to nothing', () => {
    expect(run(situations['pod gone'], linkLost).did).toEqual([]);
    expect(run(situations['pod gone'], linkLost, retryNow).did).toEqual([]);
    expect(run(situations['pod gone'], linkLost, at('a')).did).toContain('warm');
  });

  it('to a sandbox that is gone is replaced, once for all streams that say so', () => {
    const first = refusedWith('SP-SANDBOX-GONE')(situations.ready);
    const { model, did } = run(situations.ready, first);
    expect(did).toEqual(['unlink', 'link', 'warm']);
    expect(run(model, first)).toMatchObject({ model, did: [] });
  });

  it('counts one failure when a hundred streams meet it', () => {
    const { port } = situations.ready;
    const failures = Array.from({ length: 100 }, () => ({
      ...refusedWith('SP-API-UNREACHABLE')(situations.ready),
      round: port.round,
    }));
    expect(run(situations.ready, ...failures).model.link?.failures).toBe(1);
  });

  it('of a dead generation says nothing', () => {
    const moved = run(situations.dialling, at('b')).model;
    for (const type of ['link-open', 'link-failed', 'link-lost'] as const)
      expect(run(moved, { type, generation: 1, error: lost } as TunnelEvent).model).toBe(moved);
  });
});

describe('a state', () => {
  it('is blocked for what a person has to do, and recovers by itself', () => {
    expect(situations['login required'].state).toMatchObject({
      kind: 'blocked',
      error: { code: 'SP-LOGIN-REQUIRED' },
    });
    expect(run(situations['login required'], retryNow, opened).model.state.kind).toBe('ready');
    expect(run(situations['login required'], timer('warm'), opened).model.state.kind).toBe('ready');
    expect(run(situations['login required'], at('b'), opened).model.state.kind).toBe('ready');
  });

  it('keeps its time while the situation is the same', () => {
    const { state } = situations.unreachable;
    expect(run(situations.unreachable, timer('warm'), failed('SP-API-UNREACHABLE')).model.state).toBe(state);
  });

  it('names the pod that it waits for beside the one that was reached last', () => {
    const expected: TunnelEvent = {
      type: 'resolved',
      resolution: { kind: 'none', reason: error('SP-POD-NOT-READY'), pod: pod('b') },
    };
    const { state } = run(situations.ready, nowhere, expected).model;
    expect(state).toMatchObject({ kind: 'waiting', pod: { uid: 'b' }, lastPod: { uid: 'a' } });
    const { state: failing } = run(situations.ready, at('b'), failed('SP-API-UNREACHABLE')).model;
    expect(failing).toMatchObject({ kind: 'waiting', pod: { uid: 'b' }, lastPod: { uid: 'a' } });
  });

  it('names the pod that was reached last', () => {
    expect(run(situations.ready, nowhere).model.state).toMatchObject({
      kind: 'waiting',
      lastPod: { uid: 'a' },
    });
    expect(situations.nowhere.state).not.toHaveProperty('lastPod');
  });
});

describe('the pilot', () => {
  it('rests after each refusal: every few ms, then less and less often', () => {
    const delays = Array.from({ length: 300 }, (_, tries) => pilotDelayMs(tries));
    expect(delays.slice(0, 5)).toEqual([2, 4, 8, 10, 10]);
    expect(delays[199]).toBe(10);
    expect(Math.max(...delays.slice(200, 240))).toBe(250);
    expect(delays.slice(240)).toEqual(Array(60).fill(1_000));
    for (const [n, delayMs] of delays.entries()) expect(delayMs).toBeGreaterThanOrEqual(delays[n - 1] ?? 0);
  });

  it('tries at once when the container restarted, whatever it was doing', () => {
    for (const name of ['pilot trying', 'pilot resting'] as const) {
      const { did, model } = run(situations[name], at('a', { serving: false, restarts: 1 }));
      expect(did).toContain('try-one');
      expect(model.port.tries).toBe(0);
    }
  });

  it('that got through releases all', () => {
    const { did, model } = run(situations['pilot trying'], served);
    expect([did, model.state.kind]).toEqual([['release-held'], 'ready']);
  });

  it('of an earlier round says nothing', () => {
    const stale = served(situations['pilot trying']);
    const restarted = run(situations['pilot trying'], at('a', { serving: false, restarts: 1 })).model;
    expect(run(restarted, stale).model).toBe(restarted);
  });

  it('tries only while somebody waits', () => {
    expect(run(situations['pilot resting'], demand(0), timer('pilot')).did).not.toContain('try-one');
    expect(run(situations['pilot resting'], demand(0), timer('pilot'), demand(1)).did).toEqual(['try-one']);
  });
});

const anyEvent: fc.Arbitrary<(model: TunnelModel) => TunnelEvent> = fc
  .record({
    made: fc.constantFrom(...Object.values(events)),
    stale: fc.integer({ min: 0, max: 3 }),
    held: fc.nat(3),
  })
  .map(({ made, stale, held }) => (model: TunnelModel): TunnelEvent => {
    const event = typeof made === 'function' ? made(model) : made;
    if ('generation' in event) return { ...event, generation: event.generation - (stale === 1 ? 1 : 0) };
    if ('round' in event) return { ...event, round: event.round - (stale === 1 ? 1 : 0) };
    return event.type === 'demand' ? demand(held) : event;
  });

describe('whatever happens', () => {
  it('keeps its promises', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (sequence) => {
        let model = initialModel;
        const openLinks = new Set<number>();
        const links = new Map<number, string>();
        let atMs = 0;
        for (const make of sequence) {
          const event = make(model);
          const before = model;
          const { model: after, effects } = next(model, event, ++atMs);
          if ('generation' in event) {
            if (event.type === 'link-open') openLinks.add(event.generation);
            else openLinks.delete(event.generation);
            if (event.generation !== before.generation) expect(after).toBe(before);
          }
          if ('round' in event && event.round !== before.port.round) expect(after).toBe(before);
          for (const effect of effects)
            if (effect.do === 'link') links.set(effect.generation, effect.pod.uid);

          // Ready and every way in need a session to that very UID that was seen open and not seen lost.
          const way = gate(after);
          for (const uid of [
            after.state.kind === 'ready' ? after.state.pod.uid : undefined,
            way.kind === 'closed' ? undefined : way.pod.uid,
          ]) {
            if (uid === undefined) continue;
            expect(openLinks.has(after.generation)).toBe(true);
            expect(links.get(after.generation)).toBe(uid);
            expect(after.resolution).toMatchObject({ kind: 'pod', pod: { uid } });
          }
          expect(after.state.kind === 'ready').toBe(way.kind === 'open');

          const did = effects.map((effect) => effect.do);
          if (did.includes('release-held')) expect(way.kind).toBe('open');
          if (did.includes('try-one')) expect(way.kind).toBe('pilot');
          // Nobody is forgotten: who waits while a way is open was just released, or is being tried for.
          if (way.kind === 'pilot' && after.held > 0) expect(after.port.pilot).not.toBe('idle');
          if (way.kind === 'open' && gate(before).kind !== 'open' && after.held > 0)
            expect(did).toContain('release-held');
          if (after.port.pilot === 'resting' && before.port.pilot !== 'resting')
            expect(did).toContain('schedule');
          // A link that is down with a pod to go to always has a timer.
          const waits = (m: TunnelModel) => m.link?.phase === 'down' && m.resolution?.kind === 'pod';
          if (waits(after) && !waits(before)) expect(did).toContain('schedule');
          if (after.wanted === 'off') expect(after.state).toEqual({ kind: 'off' });
          model = after;
        }
        const end = next(model, stopped, ++atMs);
        expect(end.model.state).toEqual({ kind: 'off' });
        expect(end.model.link).toBeUndefined();
      }),
      fuzzed(3_000),
    );
  });
});
