import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Admission } from '../tunnel/listener.ts';
import { ClientAdmission } from './client-admission.ts';

const denied = {
  kind: 'denied',
  error: { code: 'SP-CONNECTION-LIMIT', details: { limit: 1 } },
  words: Buffer.from('full'),
};

/** One client is in, of one that may be. */
async function full() {
  const clock = new FakeClock();
  const clients = new ClientAdmission({
    clock,
    policy: { maxConnections: 1 },
    listen: 'unix',
    peers: { prepare: async () => {}, ownerOf: async () => ({ kind: 'absent' }), [Symbol.dispose]: () => {} },
    tooMany: () => Buffer.from('full'),
    onAdmitted: () => {},
  });
  const answers: Admission[] = [];
  const come = async () => {
    void Promise.resolve(clients.admit(new Socket())).then((answer) => answers.push(answer));
    await nextTurn();
  };
  await come();
  expect(answers.splice(0)).toMatchObject([{ kind: 'admitted' }]);
  return { clock, clients, answers, come };
}

it('one client too many waits as long as one that has closed may be counted yet, and is told no', async () => {
  const { clock, answers, come } = await full();
  await come();
  clock.advance(1_499);
  await nextTurn();
  expect(answers).toEqual([]);
  clock.advance(1);
  await nextTurn();
  expect(answers).toEqual([denied]);
  expect(clock.pending).toBe(0);
});

it('who comes while another leaves takes its place, and nobody else does', async () => {
  const { clock, clients, answers, come } = await full();
  await come();
  await come();
  clients.left();
  await nextTurn();
  expect(answers).toMatchObject([{ kind: 'admitted' }]);
  clock.advance(1_500);
  await nextTurn();
  expect(answers.slice(1)).toEqual([denied]);
});
