import { setImmediate as settle } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';
import { atMs, here, inState, loginQuestion, type ViewParts, viewWith } from './desktop.fixture.ts';
import type { ShownNote } from './notes.ts';
import { Notifier } from './notifier.ts';

let clock: FakeClock;
let shown: ShownNote[];
let isWatched: boolean;
let isWanted: boolean;
let notifier: Notifier;

beforeEach(() => {
  clock = new FakeClock();
  shown = [];
  isWatched = false;
  isWanted = true;
  notifier = new Notifier({
    clock,
    show: (note) => shown.push(note),
    isWatched: () => isWatched,
    isWanted: async () => isWanted,
  });
});

/** Time, and what is asked before anything is shown. */
async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

/** One state after another, with time between them for what is gathered. */
async function through(...steps: readonly ViewParts[]): Promise<ShownNote[]> {
  for (const step of steps) {
    notifier.tell(here(step));
    await pass(2_000);
  }
  return shown;
}

const one = (tunnel: ReturnType<typeof inState.ready>): ViewParts => ({ tunnels: [tunnel] });

it('tells that a tunnel needs its user, and that it is fine again', async () => {
  expect(await through(one(inState.ready()), one(inState.blocked()), one(inState.ready()))).toEqual([
    { title: 'orders-db', body: expect.stringContaining('15432'), tunnel: 'user/orders-db' },
    { title: 'orders-db', body: 'is ready again', tunnel: 'user/orders-db' },
  ]);
});

it('says what a question is about', async () => {
  const billing = inState.blocked({ id: 'user/billing', name: 'billing', questions: ['q1'] });
  const before = { tunnels: [inState.ready({ id: 'user/billing', name: 'billing' })] };
  expect(await through(before, { tunnels: [billing], questions: [loginQuestion] })).toEqual([
    { title: 'billing', body: 'needs you to log in again', tunnel: 'user/billing' },
  ]);
});

it('tells it again of one that was fine since', async () => {
  const steps = [inState.ready(), inState.blocked(), inState.ready(), inState.blocked()];
  expect((await through(...steps.map(one))).map(({ body }) => body)).toEqual([
    expect.stringContaining('15432'),
    'is ready again',
    expect.stringContaining('15432'),
  ]);
});

it('tells it also where the daemon was asked anew meanwhile', async () => {
  const daemon = { ...viewWith({}).daemon };
  expect(await through(one(inState.ready()), { ...one(inState.blocked()), daemon })).toHaveLength(1);
});

describe('is silent', () => {
  it('about outages that mend themselves', async () => {
    const steps = [inState.off(), inState.connecting(), inState.ready(), inState.waiting(), inState.ready()];
    expect(await through(...steps.map(one))).toEqual([]);
  });

  it('about what was so when the app started, or when another daemon did', async () => {
    const daemon = { ...viewWith({}).daemon, pid: 8 };
    expect(await through(one(inState.blocked()), { ...one(inState.ready()), daemon })).toEqual([]);
    expect(await through(one(inState.ready()), { ...one(inState.blocked()), daemon })).toEqual([]);
  });

  it('while its user looks at the window', async () => {
    isWatched = true;
    expect(await through(one(inState.ready()), one(inState.blocked()))).toEqual([]);
  });

  it('where its user wants none, and tells again once they do', async () => {
    isWanted = false;
    expect(await through(one(inState.ready()), one(inState.blocked()))).toEqual([]);
    isWanted = true;
    const other = inState.ready({ id: 'user/billing', name: 'billing' });
    const blocked = inState.blocked({ id: 'user/billing', name: 'billing' });
    expect(await through(one(other), one(blocked))).toHaveLength(1);
  });

  it('about what was answered before it could be told', async () => {
    notifier.tell(here(one(inState.ready())));
    notifier.tell(here(one(inState.blocked())));
    notifier.tell(here(one(inState.connecting())));
    notifier.tell(here(one(inState.ready())));
    await pass(10_000);
    expect(shown).toEqual([]);
  });

  it('about a limit that ends only what nobody uses', async () => {
    const limit = { kind: 'idle', limitMs: 1_800_000, endsAtMs: atMs, isNear: false } as const;
    const near = inState.ready({ limit: { ...limit, isNear: true } });
    expect(await through(one(inState.ready({ limit })), one(near))).toEqual([]);
  });

  it('about one that goes back and forth, after the first time', async () => {
    const steps = [
      inState.ready(),
      inState.blocked(),
      inState.connecting(),
      inState.blocked(),
      inState.connecting(),
    ];
    expect(await through(...steps.map(one))).toHaveLength(1);
    await pass(600_000);
    expect(await through(one(inState.blocked()))).toHaveLength(2);
  });
});

it('tells once that a time limit comes', async () => {
  const limit = { kind: 'time', limitMs: 28_800_000, endsAtMs: atMs, isNear: false } as const;
  const near = inState.ready({ limit: { ...limit, isNear: true } });
  const later = inState.ready({ limit: { ...limit, isNear: true }, connections: 3 });
  expect(await through(one(inState.ready({ limit })), one(near), one(later))).toEqual([
    { title: 'orders-db', body: expect.stringMatching(/^ends at \d\d:\d\d$/), tunnel: 'user/orders-db' },
  ]);
});

it('tells of what comes together at once', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const named = (name: string) => ({ id: `user/${name}`, name });
  notifier.tell(here({ tunnels: names.map((name) => inState.ready(named(name))) }));
  // One login expires, and one tunnel after the other says so.
  for (const at of names.keys()) {
    const tunnels = names.map((name, index) =>
      index <= at ? inState.blocked(named(name)) : inState.ready(named(name)),
    );
    notifier.tell(here({ tunnels }));
    clock.advance(100);
  }
  await pass(2_000);
  expect(shown).toEqual([{ title: '6 tunnels need you', body: 'a, b, c, d and 2 more' }]);
});
