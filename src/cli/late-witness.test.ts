import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { ForwardWitness } from '../engine/run-forward.ts';
import { LateWitness } from './late-witness.ts';

function late() {
  const clock = new FakeClock();
  const loaded = Promise.withResolvers<ForwardWitness & AsyncDisposable>();
  const told: string[] = [];
  let loads = 0;
  const witness = new LateWitness({
    clock,
    load: () => {
      loads++;
      return loaded.promise;
    },
  });
  const arrive = () =>
    loaded.resolve({
      stamp: 'stamp',
      session: () => void told.push('session'),
      port: () => ({
        bound: () => void told.push('bound'),
        state() {},
        connection() {},
        closed: () => void told.push('closed'),
      }),
      async [Symbol.asyncDispose]() {
        told.push('disposed');
      },
    });
  return { clock, witness, told, arrive, loads: () => loads };
}

const port = ['net-0', {}] as unknown as Parameters<LateWitness['port']>;

it('is told in order what happened before it was loaded, and at the latest at the end', async () => {
  const { witness, told, arrive } = late();
  const at = witness.port(...port);
  at.bound(['127.0.0.1:1'], 1);
  at.closed(2);
  expect(told).toEqual([]);
  arrive();
  await witness[Symbol.asyncDispose]();
  expect(told).toEqual(['bound', 'closed', 'disposed']);
});

it('is let go of where the end comes while it is loaded', async () => {
  const { clock, witness, told, arrive } = late();
  clock.advance(300);
  const ended = witness[Symbol.asyncDispose]();
  arrive();
  await ended;
  expect(told).toEqual(['disposed']);
});

it('is never loaded where nothing happens before the end', async () => {
  const { clock, witness, loads } = late();
  await witness[Symbol.asyncDispose]();
  clock.advance(300);
  expect(loads()).toBe(0);
});
